"""From the tensors of a request to arrays, and from arrays to a reply."""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.types_pb2 import DataType
from tensorflow.python.framework import tensor_util

from aeai_tf.serving.status import check, refusal

# A small message may name one value for all elements of a large tensor, but no
# larger than half a GiB of floats.
_MAX_REPEATED = 2**27


def feeds(signature, sent) -> dict[str, np.ndarray]:
    """Reads the inputs of a request.

    Args:
        signature: the `SignatureDef` that they are for.
        sent: name -> `TensorProto`.

    Returns:
        Name of the graph's tensor -> array.

    Raises:
        StatusError: names or types do not fit, or a tensor is not whole.
    """
    infos, defaults, arrays = signature.inputs, signature.defaults, {}
    names, known, ahead = set(sent), set(infos), set(defaults)
    fits = len(names) == len(known) or (len(names) < len(known) and ahead)
    counts, wrong = (len(names), len(known)), (names - known, known - names)
    check(fits, "input_count", *counts, names, known, *wrong)
    for name, info in sorted(infos.items()):
        check(name in names | ahead, "missing_input", name, info, names, ahead)
        tensor = sent[name] if name in sent else defaults[name]
        try:
            arrays[info.name] = _array(tensor)
        except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
            raise refusal("broken_tensor", name) from error
        # DT_FLOAT is named float.
        kinds = [DataType.Name(t.dtype)[3:].lower() for t in (tensor, info)]
        check(tensor.dtype == info.dtype, "wrong_type", *kinds)
    check(names <= known, "unknown_input", names & known, names)
    return arrays


def fetches(signature, output_filter: list[str]) -> dict[str, str]:
    """Picks the outputs to compute: name -> name of the graph's tensor.

    Args:
        signature: the `SignatureDef`.
        output_filter: names; none means all.

    Raises:
        StatusError: a name that is not there, or is there twice.
    """
    outputs, picked = signature.outputs, {}
    for name in output_filter:
        check(name in outputs, "unknown_output", name, set(outputs))
        check(name not in picked, "repeated_output", name)
        picked[name] = outputs[name].name
    return picked or {name: outputs[name].name for name in outputs}


def write(tensor, value, content: bool) -> None:
    """Writes what a session returned into an empty `TensorProto`.

    Args:
        tensor: the message.
        value: an array, a number or bytes.
        content: all as bytes instead of in `*_val` fields. Of strings, the
            lengths come first.
    """
    array = np.asarray(value, object if isinstance(value, bytes) else None)
    tensor.dtype = tf.as_dtype(array.dtype).as_datatype_enum
    tensor.tensor_shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
    if not content:
        tensor_util.GetNumpyAppendFn(array.dtype)(tensor, array.ravel())
    elif array.dtype == object:
        lengths = [_varint(len(string)) for string in array.flat]
        tensor.tensor_content = b"".join([*lengths, *array.flat])
    else:
        tensor.tensor_content = array.tobytes()


def _array(tensor) -> np.ndarray:
    content = tensor.tensor_content
    count = tf.TensorShape(tensor.tensor_shape).num_elements()
    if count is None or count > (len(content) or _MAX_REPEATED):
        raise ValueError("a shape that no message can hold")
    if tensor.dtype != DataType.DT_STRING or not content:
        return tf.make_ndarray(tensor)
    strings = tf.io.parse_tensor(tensor.SerializeToString(), tf.string)
    return np.asarray(strings.numpy(), object)


def _varint(number: int) -> bytes:
    """Writes seven bits a byte, the lowest first."""
    low, high = number % 128, number // 128
    return bytes([low + 128]) + _varint(high) if high else bytes([low])
