"""The few messages of TensorFlow Serving's `Predict`, without TensorFlow.

`tensorflow_serving.apis.predict_pb2` imports all of TensorFlow: seconds, and
hundreds of MB, in a program that only asks a server. Only field numbers and
types go over the wire, so the messages are declared here again, as far as the
client needs them, in a descriptor pool of their own.

Two declarations differ from the originals in name only, not on the wire: a
map is a repeated entry of key and value, and `float_val`, which is packed, is
bytes, so that floats are read at once instead of one by one.
"""

import itertools
import math

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "tensorflow.serving.PredictionService"

_FLOAT, _STRING = 1, 7  # DT_FLOAT and DT_STRING
# Message -> field -> (number, type, True if repeated).
_MESSAGES = {
    "Dim": {"size": (1, "int64", False)},
    "Shape": {"dim": (2, "Dim", True)},
    "Tensor": {
        "dtype": (1, "int32", False),
        "shape": (2, "Shape", False),
        "content": (4, "bytes", False),
        "packed_floats": (5, "bytes", True),
        "strings": (8, "bytes", True),
    },
    "Entry": {"key": (1, "string", False), "value": (2, "Tensor", False)},
    "Version": {"value": (1, "int64", False)},
    "ModelSpec": {
        "name": (1, "string", False),
        "version": (2, "Version", False),
        "signature_name": (3, "string", False),
        "version_label": (4, "string", False),
    },
    "PredictRequest": {
        "model_spec": (1, "ModelSpec", False),
        "inputs": (2, "Entry", True),
    },
    "PredictResponse": {"outputs": (1, "Entry", True)},
}


def _classes():
    field_type = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="aeai_tf/serving/wire.proto", package="aeai_tf", syntax="proto3"
    )
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, (number, kind, repeated) in fields.items():
            field = message.field.add(name=name, number=number)
            field.label = (
                field_type.LABEL_REPEATED
                if repeated
                else field_type.LABEL_OPTIONAL
            )
            if kind in _MESSAGES:
                field.type = field_type.TYPE_MESSAGE
                field.type_name = f".aeai_tf.{kind}"
            else:
                field.type = getattr(field_type, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"aeai_tf.{name}")
        )
        for name in _MESSAGES
    }


_CLASSES = _classes()
PredictRequest = _CLASSES["PredictRequest"]
PredictResponse = _CLASSES["PredictResponse"]
# What `unary_unary` of a channel takes: method, serialiser, deserialiser.
PREDICT = (
    f"/{SERVICE}/Predict",
    PredictRequest.SerializeToString,
    PredictResponse.FromString,
)


def model_spec(
    model: str, version: int | None = None, version_label: str | None = None
):
    """Builds a `ModelSpec`: which model, and which version of it.

    Args:
        model: name.
        version: number; None is the latest, or what the label says.
        version_label: a label that the server gives to one version.
    """
    spec = _CLASSES["ModelSpec"](name=model, version_label=version_label)
    if version is not None:
        spec.version.value = version
    return spec


def request(spec, signature: str, inputs: dict[str, np.ndarray]):
    """Builds a `PredictRequest`.

    Args:
        spec: from `model_spec`.
        signature: name.
        inputs: name -> an array of bytes (dtype object), or of numbers, which
            go as float32.
    """
    message = PredictRequest(model_spec=spec)
    message.model_spec.signature_name = signature
    for name, array in inputs.items():
        tensor = message.inputs.add(key=name).value
        for size in array.shape:
            tensor.shape.dim.add(size=size)
        if array.dtype == object:
            tensor.dtype = _STRING
            tensor.strings.extend(array.ravel())
        else:
            tensor.dtype = _FLOAT
            tensor.content = array.astype("<f4", copy=False).tobytes()
    return message


def outputs(response) -> dict[str, np.ndarray]:
    """Reads a `PredictResponse`: name -> float32 or bytes (object) array.

    Float arrays are read-only views of the message.

    Raises:
        ValueError: an output of another type, or that is not whole.
    """
    return {entry.key: _array(entry.value) for entry in response.outputs}


def _array(tensor) -> np.ndarray:
    shape = [dim.size for dim in tensor.shape.dim]
    if tensor.dtype == _STRING:
        strings = list(tensor.strings)
        if tensor.content:
            strings = _split(tensor.content, math.prod(shape))
        return np.array(strings, object).reshape(shape)
    if tensor.dtype != _FLOAT:
        raise ValueError(f"an output of type number {tensor.dtype}")
    data = tensor.content or b"".join(tensor.packed_floats)
    return np.frombuffer(data, "<f4").reshape(shape)


def _split(content: bytes, count: int) -> list[bytes]:
    """Reads strings that a server sends as `tensor_content`.

    TensorFlow's `EncodeStringList`: all lengths, as varints, then all strings.
    """
    lengths, start = [0], 0
    while len(lengths) <= count and start < len(content):
        end = start
        while end < len(content) - 1 and content[end] & 0x80:
            end += 1
        septets = enumerate(content[start : end + 1])
        lengths.append(sum((byte & 0x7F) << 7 * k for k, byte in septets))
        start = end + 1
    ends = [start + total for total in itertools.accumulate(lengths)]
    if len(lengths) <= count or ends[-1] != len(content):
        raise ValueError("strings that are not whole")
    return [content[a:b] for a, b in itertools.pairwise(ends)]
