"""The services of the stand-in, and the ports that they are reached at."""

import functools
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from aeai_tf.errors import UserError
from aeai_tf.serving import inference, tensors
from aeai_tf.serving.manager import Manager
from aeai_tf.serving.status import StatusError, refusal

_OPTIONS = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.so_reuseport": 0,  # Else two servers share a port.
}
_CLASSIFY, _REGRESS = inference.KINDS


def _answers(method):
    """Turns a method from request to response into one that gRPC calls."""

    @functools.wraps(method)
    def answer(self, request, context):
        try:
            return method(self, request)
        except StatusError as error:
            return context.abort(error.code, str(error))

    return answer


class Services(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    """Answers what TensorFlow Serving's two services answer."""

    def __init__(self, models: Manager, tensor_content: bool = False):
        """Takes the models.

        Args:
            models: what is served.
            tensor_content: reply with tensors as bytes, not as numbers.
        """
        self._models, self._tensor_content = models, tensor_content

    @_answers
    def Predict(self, request):
        """Runs one signature of a model."""
        response = predict_pb2.PredictResponse()
        with self._models.use(_spec(request), response) as servable:
            outputs = servable.predict(request)
        name = request.model_spec.signature_name or "serving_default"
        response.model_spec.signature_name = name
        for name, array in outputs.items():
            tensors.write(response.outputs[name], array, self._tensor_content)
        return response

    @_answers
    def GetModelMetadata(self, request):
        """Tells the names, types and shapes of a model's signatures."""
        spec = _spec(request)
        if not request.metadata_field:
            raise refusal("no_metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise refusal("unknown_metadata_field", field)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._models.use(spec, response) as servable:
            for name, signature in servable.signatures.items():
                signatures.signature_def[name].CopyFrom(signature)
        response.metadata["signature_def"].Pack(signatures)
        return response

    @_answers
    def Classify(self, request):
        """Refuses: there is no such signature."""
        self._refuse(_spec(request), _CLASSIFY, "no_signature")

    @_answers
    def Regress(self, request):
        """Refuses: there is no such signature."""
        self._refuse(_spec(request), _REGRESS, "no_signature")

    @_answers
    def MultiInference(self, request):
        """Refuses: the first task that is there cannot be answered."""
        if not request.tasks:
            raise refusal("no_name")
        task = request.tasks[0]
        self._refuse(task.model_spec, task.method_name, "no_task_signature")

    @_answers
    def GetModelStatus(self, request):
        """Tells the state of a model's versions."""
        statuses = self._models.statuses(_spec(request))
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.extend(statuses)
        return response

    @_answers
    def HandleReloadConfigRequest(self, request):
        """Serves other models, or other versions, from now on."""
        if not request.config.HasField("model_config_list"):
            raise refusal("no_model_list")
        self._models.reload(request.config.model_config_list.config)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.SetInParent()
        return response

    def _refuse(self, spec, method: str, unknown: str) -> None:
        with self._models.use(spec) as servable:
            name = spec.signature_name or "serving_default"
            known = servable.signatures
            raise inference.refuse(known, name, method, unknown)


def start(
    services,
    addresses,
    credentials=None,
    arguments=(),
    threads=256,
    checkable=False,
):
    """Opens a server.

    Args:
        services: `Services`, which answer.
        addresses: a list such as "0.0.0.0:8500", where port 0 picks a free
            one, and "unix:path".
        credentials: gRPC's, for TLS, or None.
        arguments: gRPC's, a list of name and value.
        threads: requests at once. Each holds one while it waits for a
            processor, and those that ask for the status, or the health, must
            find one free.
        checkable: whether to answer gRPC's health checks.

    Returns:
        How to stop it, called with the seconds that running requests get;
        and its ports.

    Raises:
        UserError: a port is taken or not permitted, or a key is no key.
    """
    pool, options = futures.ThreadPoolExecutor(threads), dict(arguments)
    server = grpc.server(pool, options=list((_OPTIONS | options).items()))
    add = prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server
    add(services, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(services, server)
    checks = health.HealthServicer()
    for name in ("ModelService", "PredictionService"):
        checks.set(name, health_pb2.HealthCheckResponse.SERVING)
    if checkable:
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    key = credentials or grpc.insecure_server_credentials()
    try:
        ports = [server.add_secure_port(where, key) for where in addresses]
    except RuntimeError as error:
        where, why = " and ".join(addresses), ": taken, not permitted, or the "
        why += "key does not fit"
        raise UserError(f"cannot listen on {where}{why}") from error
    server.start()

    def stop(grace):
        checks.enter_graceful_shutdown()
        server.stop(grace).wait()

    return stop, ports


def _spec(request):
    if not request.HasField("model_spec"):
        raise refusal("missing_spec")
    return request.model_spec
