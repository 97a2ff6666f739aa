"""From the tensors of a request to arrays, and from arrays to a reply."""

import math
from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from aeai_tf.serving.status import refusal

# How TensorFlow's C++ names types, and with that the fields of `TensorProto`.
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
_COMPLEX = {"complex64": "scomplex", "complex128": "dcomplex"}
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
        StatusError: the names do not fit, or a tensor is not whole.
    """
    expected, defaults, arrays = signature.inputs, signature.defaults, {}
    names, needed = set(sent), set(expected)
    few = len(names) < len(needed) and not defaults
    if few or len(names) > len(needed):
        raise refusal(
            "input_count",
            **{"count": len(names), "expected_count": len(needed)},
            **{"sent": _list(names), "expected": _list(needed)},
            **{
                "extra": _list(names - needed),
                "missing": _list(needed - names),
            },
        )
    for name in sorted(expected):
        if name not in sent and name not in defaults:
            known = {"sent": _list(sent), "defaults": _list(defaults)[1:-1]}
            feed = expected[name].name
            raise refusal("missing_input", name=name, feed=feed, **known)
        try:
            tensor = sent[name] if name in sent else defaults[name]
            arrays[expected[name].name] = _array(tensor)
        except (TypeError, ValueError) as error:
            raise refusal("broken_tensor", name=name) from error
    if names - needed:
        used, sent = _list(names & needed)[1:-1], _list(names)[1:-1]
        raise refusal("unknown_input", used=used, sent=sent)
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
            known = _list(outputs)
            raise refusal("unknown_output", name=name, outputs=known)
        if name in picked:
            raise refusal("repeated_output", name=name)
        picked[name] = outputs[name].name
    return picked or {name: outputs[name].name for name in outputs}


def check_types(signature, arrays: dict[str, np.ndarray]) -> None:
    """Refuses arrays of other types than the signature's inputs.

    Raises:
        StatusError: as a session in C++ words it.
    """
    for info in signature.inputs.values():
        actual = tf.as_dtype(arrays[info.name].dtype)
        expected = tf.as_dtype(info.dtype)
        if actual != expected:
            names = [_name(dtype) for dtype in (actual, expected)]
            raise refusal("wrong_type", actual=names[0], expected=names[1])


def write(tensor, value, content: bool) -> None:
    """Writes what a session returned into an empty `TensorProto`.

    Args:
        tensor: the message.
        value: an array, a number or bytes.
        content: numbers as bytes instead of as `*_val` fields; strings are
            always `string_val`.
    """
    array = np.asarray(value, object if isinstance(value, bytes) else None)
    dtype = tf.as_dtype(array.dtype)
    tensor.dtype = dtype.as_datatype_enum
    tensor.tensor_shape.SetInParent()
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    if content and dtype != tf.string:
        tensor.tensor_content = array.tobytes()
        return
    name, flat = _COMPLEX.get(dtype.name, _name(dtype)), array.ravel()
    if dtype.is_complex:
        flat = flat.view(flat.real.dtype)
    elif dtype in (tf.float16, tf.bfloat16):
        name, flat = "half", flat.view(np.uint16)
    field = getattr(tensor, f"{name}_val", tensor.int_val)
    field.extend(flat.tolist())


def _array(tensor) -> np.ndarray:
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    item = np.dtype(tf.as_dtype(tensor.dtype).as_numpy_dtype).itemsize
    if tensor.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise ValueError("a shape that is not known")
    if math.prod(shape) * item > _MAX_BYTES:
        raise ValueError("a shape that no message can hold")
    return tf.make_ndarray(tensor)


def _list(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _name(dtype: tf.DType) -> str:
    return _NAMES.get(dtype.name, dtype.name)
