"""How `Classify`, `Regress` and `MultiInference` refuse a model.

They take `tf.Example`s, for signatures made for them in TensorFlow 1. The
models here have none, and TensorFlow Serving says what it misses.
"""

from aeai_tf.serving.status import StatusError, refusal

KINDS = {
    "tensorflow/serving/classify": "classification",
    "tensorflow/serving/regress": "regression",
}


def refuse(signatures, name: str, method: str, unknown: str) -> StatusError:
    """Says why a request of one of the kinds cannot be answered.

    Args:
        signatures: name -> `SignatureDef`.
        name: which is asked for; "" is `serving_default`.
        method: a key of `KINDS`, or what else a client may write.
        unknown: the status of a signature that is not there.
    """
    name = name or "serving_default"
    if name not in signatures:
        return refusal(unknown, name=name)
    if method not in KINDS:
        return refusal("unknown_method", method=method)
    signature, kind = signatures[name], KINDS[method]
    outputs, classify = set(signature.outputs), kind == "classification"
    if len(signature.inputs) != 1:
        return refusal("not_one_input")
    if len(outputs) != 1 and not classify:
        return refusal("not_one_output")
    if len(outputs) not in (1, 2):
        return refusal("not_two_outputs", count=len(outputs))
    if "inputs" not in signature.inputs:
        return refusal("no_inputs", kind=kind, signature=signature)
    if not outputs & ({"classes", "scores"} if classify else {"outputs"}):
        return refusal(f"no_{kind}_outputs", signature=signature)
    return refusal("no_examples", kind=kind)
