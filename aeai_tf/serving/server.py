"""A gRPC server that answers as TensorFlow Serving does, in this process.

It runs models in a TensorFlow 1 session, as TensorFlow Serving does, and gives
its status codes and texts, so that what works here works there.
"""

import functools
import os
from collections.abc import Iterable
from concurrent import futures

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import any_pb2
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from aeai_tf.errors import UserError
from aeai_tf.serving.servable import (
    MAX_TEXT,
    Servable,
    StatusError,
    invalid,
)

_NUMBER_FIELDS = {
    np.dtype("float32"): "float_val",
    np.dtype("float64"): "double_val",
    np.dtype("int32"): "int_val",
    np.dtype("int64"): "int64_val",
    np.dtype("bool"): "bool_val",
}


class Models:
    """The servables, looked up by what a request's `model_spec` says."""

    def __init__(self, servables: Iterable[Servable]):
        """Takes the servables, all versions of all models."""
        self._models = {}
        for servable in servables:
            versions = self._models.setdefault(servable.name, {})
            versions[servable.version] = servable

    def find(self, request) -> Servable:
        """Finds the version that a request wants, by default the latest.

        Raises:
            StatusError: there is none, or the request names none.
        """
        spec = _model_spec(request)
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        if spec.version_label:
            raise invalid(
                f"Unrecognized servable version label: {spec.version_label}"
            )
        versions = self._models.get(spec.name, {})
        if spec.HasField("version"):
            version, wanted = spec.version.value, "Specific({}, {})"
        else:
            version, wanted = max(versions, default=None), "Latest({})"
        if version not in versions:
            raise _not_found(
                "Servable not found for request: "
                + wanted.format(spec.name, version)
            )
        return versions[version]

    def versions(self, request) -> list[int]:
        """Lists the versions that a status request asks for.

        Raises:
            StatusError: there are none.
        """
        spec = _model_spec(request)
        versions = sorted(self._models.get(spec.name, {}), reverse=True)
        if spec.HasField("version"):
            version = spec.version.value
            if version not in versions:
                raise _not_found(
                    f"Could not find version {version} of model {spec.name}"
                )
            return [version]
        if not versions:
            raise _not_found(
                f"Could not find any versions of model {spec.name}"
            )
        return versions


def _answers(method):
    """Turns a method from request to response into one that gRPC calls."""

    @functools.wraps(method)
    def answer(self, request, context):
        try:
            return method(self, request)
        except StatusError as error:
            text = str(error)
            if len(text) > MAX_TEXT:
                text = text[:MAX_TEXT] + "...TRUNCATED"
            return context.abort(error.code, text)

    return answer


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers `Predict` and `GetModelMetadata`."""

    def __init__(self, models: Models, tensor_content: bool = False):
        """Takes the models.

        Args:
            models: what is served.
            tensor_content: reply with tensors as bytes, not as numbers.
        """
        self._models, self._tensor_content = models, tensor_content

    @_answers
    def Predict(self, request):
        """Runs one signature of a model."""
        servable = self._models.find(request)
        signature_name = request.model_spec.signature_name or "serving_default"
        outputs = servable.predict(
            signature_name, request.inputs, request.output_filter
        )
        response = predict_pb2.PredictResponse()
        _set_model(response, servable)
        response.model_spec.signature_name = signature_name
        for name, array in outputs.items():
            tensor = _tensor(array, self._tensor_content)
            response.outputs[name].CopyFrom(tensor)
        return response

    @_answers
    def GetModelMetadata(self, request):
        """Tells the names, types and shapes of a model's signatures."""
        _model_spec(request)
        if not request.metadata_field:
            raise invalid(
                "GetModelMetadataRequest must specify at least one "
                "metadata_field"
            )
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        servable = self._models.find(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        packed = any_pb2.Any()
        packed.Pack(signatures)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        _set_model(response, servable)
        response.metadata["signature_def"].CopyFrom(packed)
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Answers `GetModelStatus`."""

    def __init__(self, models: Models):
        """Takes what is served."""
        self._models = models

    @_answers
    def GetModelStatus(self, request):
        """Tells which versions of a model are served."""
        response = get_model_status_pb2.GetModelStatusResponse()
        for version in self._models.versions(request):
            status = response.model_version_status.add(version=version)
            status.state = get_model_status_pb2.ModelVersionStatus.AVAILABLE
            status.status.SetInParent()
        return response


def start(
    models: Models, port: int, tensor_content: bool = False
) -> tuple[grpc.Server, int]:
    """Opens a server on all addresses of this machine.

    Args:
        models: what is served.
        port: to listen on; 0 picks a free one.
        tensor_content: as in `PredictionService`.

    Returns:
        The server, running, and its port.

    Raises:
        UserError: the port is taken or not permitted.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(4 * (os.cpu_count() or 1)),
        options=[
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),  # Else two servers share a port.
        ],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(models, tensor_content), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(models), server
    )
    try:
        port = server.add_insecure_port(f"0.0.0.0:{port}")
    except RuntimeError as error:
        raise UserError(
            f"cannot listen on port {port}: it is taken, or not permitted"
        ) from error
    server.start()
    return server, port


def _tensor(value, content: bool):
    field = _NUMBER_FIELDS.get(getattr(value, "dtype", None))
    if content or field is None:
        return tf.make_tensor_proto(value)
    tensor = tensor_pb2.TensorProto(
        dtype=tf.as_dtype(value.dtype).as_datatype_enum,
        tensor_shape=tf.TensorShape(value.shape).as_proto(),
    )
    getattr(tensor, field).extend(value.ravel().tolist())
    return tensor


def _model_spec(request):
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return request.model_spec


def _set_model(response, servable: Servable) -> None:
    response.model_spec.name = servable.name
    response.model_spec.version.value = servable.version


def _not_found(text: str) -> StatusError:
    return StatusError(grpc.StatusCode.NOT_FOUND, text)
