"""The services of the stand-in, and the ports that they are reached at."""

from concurrent import futures

import grpc
from google.protobuf import message_factory
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2, prediction_service_pb2
from tensorflow_serving.apis.get_model_metadata_pb2 import SignatureDefMap

from aeai_tf.errors import UserError
from aeai_tf.serving import config, tensors
from aeai_tf.serving.status import StatusError, check, refusal

# TensorFlow Serving has no limit either; and two servers never share a port.
_ARGUMENTS = {"grpc.max_receive_message_length": -1, "grpc.so_reuseport": 0}
# They take `tf.Example`s, for signatures that the models here do not have.
_KINDS = {
    "tensorflow/serving/classify": "classification",
    "tensorflow/serving/regress": "regression",
}


class Services:
    """Answers what TensorFlow Serving's two services answer.

    Each method takes a request, and the response that it fills.
    """

    def __init__(self, models, tensor_content: bool = False):
        """Takes the models.

        Args:
            models: a `Manager`, what is served.
            tensor_content: reply with tensors as bytes, not as numbers.
        """
        self._models, self._tensor_content = models, tensor_content

    def Predict(self, request, response):
        """Runs one signature of a model."""
        told, asked = response.model_spec, request.model_spec
        with self._models.use(asked, told) as servable:
            outputs = servable.predict(request)
        told.signature_name = asked.signature_name or "serving_default"
        for name, array in outputs.items():
            tensors.write(response.outputs[name], array, self._tensor_content)

    def GetModelMetadata(self, request, response):
        """Tells the names, types and shapes of a model's signatures."""
        check(request.metadata_field, "no_metadata_field")
        for field in request.metadata_field:
            check(field == "signature_def", "unknown_metadata_field", field)
        told, asked = response.model_spec, request.model_spec
        with self._models.use(asked, told) as servable:
            signatures = SignatureDefMap(signature_def=servable.signatures)
        response.metadata["signature_def"].Pack(signatures)

    def Classify(self, request, response):
        """Refuses: there is no such signature."""
        self._refuse(request.model_spec, "tensorflow/serving/classify")

    def Regress(self, request, response):
        """Refuses: there is no such signature."""
        self._refuse(request.model_spec, "tensorflow/serving/regress")

    def MultiInference(self, request, response):
        """Refuses: the first task that is there cannot be answered."""
        check(request.tasks, "no_name")
        task = request.tasks[0]
        self._refuse(task.model_spec, task.method_name, "no_task_signature")

    def GetModelStatus(self, request, response):
        """Tells the state of a model's versions."""
        statuses = self._models.statuses(request.model_spec)
        response.model_version_status.extend(statuses)

    def HandleReloadConfigRequest(self, request, response):
        """Serves other models, or other versions, from now on."""
        check(request.config.HasField("model_config_list"), "no_model_list")
        self._models.reload(request.config.model_config_list.config)
        response.status.SetInParent()

    def _refuse(self, spec, method: str, unknown: str = "no_signature"):
        """Says what a model lacks for a kind of request of TensorFlow 1."""
        name = spec.signature_name or "serving_default"
        with self._models.use(spec) as servable:
            signature = servable.signatures.get(name)
        check(signature, unknown, name)
        check(method in _KINDS, "unknown_method", method)
        kind, outputs = _KINDS[method], len(signature.outputs)
        check(len(signature.inputs) == 1, "not_one_input")
        check(kind == "classification" or outputs < 2, "not_one_output")
        check(outputs < 3, "not_two_outputs", outputs)
        check("inputs" in signature.inputs, "no_inputs", kind, signature)
        raise refusal("no_examples", kind)


def start(models, options):
    """Opens a server.

    Args:
        models: a `Manager`, what is served.
        options: has the flags of `aeai-serve` as its attributes. Of
            `grpc_max_threads`, each request holds one while it waits for a
            processor, and those that ask for the status, or the health, must
            find one free.

    Returns:
        How to stop it, called with the seconds that running requests get;
        and its port.

    Raises:
        UserError: a port is taken or not permitted, a key is no key, or what
            else is said of TLS or of gRPC's arguments has mistakes.
    """
    arguments = config.channel_arguments(options.grpc_channel_arguments)
    pool = futures.ThreadPoolExecutor(options.grpc_max_threads)
    server = grpc.server(pool, options=list((_ARGUMENTS | arguments).items()))
    services = Services(models, options.enable_serialization_as_tensor_content)
    checks = health.HealthServicer()
    for file in (prediction_service_pb2, model_service_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            handlers = {m.name: _handler(services, m) for m in service.methods}
            server.add_registered_method_handlers(service.full_name, handlers)
            checks.set(service.name, health_pb2.HealthCheckResponse.SERVING)
    if options.enable_grpc_healthcheck_service:
        health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    addresses = [f"0.0.0.0:{options.port}"]
    if options.grpc_socket_path:
        addresses.append(f"unix:{options.grpc_socket_path}")
    key = config.credentials(options.ssl_config_file)
    try:
        port, *_ = [server.add_secure_port(where, key) for where in addresses]
    except RuntimeError as error:
        where = " and ".join(addresses)
        why = "taken, not permitted, or the key does not fit"
        raise UserError(f"cannot listen on {where}: {why}") from error
    server.start()

    def stop(grace):
        checks.enter_graceful_shutdown()
        server.stop(grace).wait()

    return stop, port


def _handler(services, method):
    """Makes what gRPC calls of a method that fills a response."""
    takes = message_factory.GetMessageClass(method.input_type)
    gives = message_factory.GetMessageClass(method.output_type)
    wants_spec = "model_spec" in method.input_type.fields_by_name

    def answer(request, context):
        response = gives()
        try:
            if wants_spec:
                check(request.HasField("model_spec"), "missing_spec")
            getattr(services, method.name)(request, response)
        except StatusError as error:
            context.abort(error.code, str(error))
        return response

    from_and_to_bytes = takes.FromString, gives.SerializeToString
    return grpc.unary_unary_rpc_method_handler(answer, *from_and_to_bytes)
