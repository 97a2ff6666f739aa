"""How `Classify`, `Regress` and `MultiInference` refuse a model.

They take `tf.Example`s, for signatures made for them in TensorFlow 1. The
models here have none, and TensorFlow Serving says what it misses.
"""

from aeai_tf.serving.status import StatusError, refusal

KINDS = {
    "tensorflow/serving/classify": "classification",
    "tensorflow/serving/regress": "regression",
}


def refuse(  # noqa: PLR0911 One line a status.
    signatures, name: str, method: str, unknown: str
) -> StatusError:
    """Says why a request of one of the kinds cannot be answered.

    Args:
        signatures: name -> `SignatureDef`.
        name: which is asked for.
        method: a key of `KINDS`, or what else a client may write.
        unknown: the status of a signature that is not there.
    """
    signature, kind = signatures.get(name), KINDS.get(method)
    if signature is None:
        return refusal(unknown, name)
    if kind is None:
        return refusal("unknown_method", method)
    count = len(signature.outputs)
    if len(signature.inputs) != 1:
        return refusal("not_one_input")
    if count > 1 and kind == "regression":
        return refusal("not_one_output")
    if count > 2:
        return refusal("not_two_outputs", count)
    if "inputs" not in signature.inputs:
        return refusal("no_inputs", kind, signature)
    return refusal("no_examples", kind)
