"""From the tensors of a request to arrays, and from arrays to a reply."""

import math
from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import tensor_util

from aeai_tf.serving.status import refusal

# How TensorFlow's C++ names types.
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
# A small message may name one value for all elements of a large tensor: as
# large as a message could hold in full.
_MAX_BYTES = 2**31


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
    names, known, ahead = _list(sent), _list(infos), _list(defaults)[1:-1]
    if len(sent) > len(infos) or (len(sent) < len(infos) and not defaults):
        extra = _list(set(sent) - set(infos))
        missing = _list(set(infos) - set(sent))
        counts = len(sent), len(infos)
        raise refusal("input_count", *counts, names, known, extra, missing)
    for name, info in sorted(infos.items()):
        if name not in sent and name not in defaults:
            raise refusal("missing_input", name, info.name, names, ahead)
        tensor = sent[name] if name in sent else defaults[name]
        try:
            arrays[info.name] = _array(tensor)
        except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
            raise refusal("broken_tensor", name) from error
        if tensor.dtype != info.dtype:
            types = [tf.as_dtype(side.dtype).name for side in (tensor, info)]
            raise refusal("wrong_type", *(_NAMES.get(t, t) for t in types))
    used = set(sent) & set(infos)
    if len(used) < len(sent):
        raise refusal("unknown_input", _list(used)[1:-1], names[1:-1])
    return arrays


def fetches(signature, output_filter: Iterable[str]) -> dict[str, str]:
    """Picks the outputs to compute: name -> name of the graph's tensor.

    Args:
        signature: the `SignatureDef`.
        output_filter: names; none means all.

    Raises:
        StatusError: a name that is not there, or is there twice.
    """
    outputs, picked = signature.outputs, {}
    for name in output_filter:
        if name not in outputs:
            raise refusal("unknown_output", name, _list(outputs))
        if name in picked:
            raise refusal("repeated_output", name)
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
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    item = np.dtype(tf.as_dtype(tensor.dtype).as_numpy_dtype).itemsize
    whole = not tensor.tensor_shape.unknown_rank and min(shape, default=0) >= 0
    if not whole or math.prod(shape) * item > _MAX_BYTES:
        raise ValueError("a shape that no message can hold")
    if tensor.dtype != tf.string.as_datatype_enum or not tensor.tensor_content:
        return tf.make_ndarray(tensor)
    if math.prod(shape) > len(tensor.tensor_content):
        raise ValueError("fewer lengths than strings")
    # Strings as bytes are for TensorFlow's C++ alone, with a call that is slow.
    strings = tf.io.parse_tensor(tensor.SerializeToString(), tf.string)
    return np.asarray(strings.numpy(), object)


def _varint(number: int) -> bytes:
    """Writes seven bits a byte, the lowest first."""
    low, high = number % 128, number // 128
    return bytes([low + 128]) + _varint(high) if high else bytes([low])


def _list(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
