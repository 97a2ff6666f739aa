"""What opens, listens, waits and stops, whatever is served."""

import socket
import subprocess
import threading
import time

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from aeai_tf.errors import UserError
from aeai_tf.serving import config, manager
from tests.serving.test_server import _refusal, _request
from tests.stand_in import start


def test_health_is_told_until_the_end():
    models = manager.Manager(None)
    stop, port = start(models, enable_grpc_healthcheck_service=True)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", "ModelService", "PredictionService"):
            request = health_pb2.HealthCheckRequest(service=name)
            assert stub.Check(request).status == 1  # SERVING.
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=""))
        assert next(watch).status == 1
        stopping = threading.Thread(target=stop, args=(5,))
        stopping.start()
        assert next(watch).status == 2  # NOT_SERVING.
        watch.cancel()
        stopping.join()
    stop, port = start(models)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        code, _ = _refusal(stub.Check, health_pb2.HealthCheckRequest())
        assert code == "UNIMPLEMENTED"
    stop(None)


class Slow:
    """A servable that answers when it is told to."""

    def __init__(self):
        self.asked, self.go = threading.Event(), threading.Event()

    def predict(self, request):
        self.asked.set()
        assert self.go.wait(10)
        return {"x": np.float32(1.5)}

    def close(self):
        pass


@pytest.fixture
def slow(tmp_path):
    """A servable, and the manager that serves it as "m"."""
    slow = Slow()
    models = manager.Manager(lambda path: slow)
    (tmp_path / "1").mkdir()
    models.reload(config.models("", "m", str(tmp_path)))
    return slow, models


def test_requests_in_flight_finish_when_the_server_stops(slow):
    slow, models = slow
    stop, port = start(models)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.Predict.future(_request())
        assert slow.asked.wait(10)
        stopping = threading.Thread(target=stop, args=(10,))
        stopping.start()
        time.sleep(0.1)
        slow.go.set()
        assert answer.result().outputs["x"].float_val == [1.5]
        stopping.join()


def test_status_is_told_while_requests_wait(slow):
    slow, models = slow
    stop, port = start(models)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answers = [stub.Predict.future(_request()) for _ in range(100)]
        assert slow.asked.wait(10)
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "m"
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        assert stub.GetModelStatus(request, timeout=10).model_version_status
        slow.go.set()
        for answer in answers:
            answer.result()
    stop(None)


def test_a_unix_socket_and_channel_arguments(tmp_path):
    stop, _ = start(
        manager.Manager(None),
        grpc_socket_path=str(tmp_path / "socket"),
        grpc_channel_arguments="grpc.max_receive_message_length=10",
    )
    with grpc.insecure_channel(f"unix:{tmp_path / 'socket'}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_pb2.PredictRequest()
        assert _refusal(stub.Predict, request)[1] == "Missing ModelSpec"
        code, text = _refusal(stub.Predict, _request())
        assert code == "RESOURCE_EXHAUSTED" and "larger than max" in text
    stop(None)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, which is also "localhost", and its key, as PEM bytes."""
    folder = tmp_path_factory.mktemp("certificates")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256"
    command += " -nodes -keyout key -out certificate -days 1 -subj /CN=test"
    command += " -addext subjectAltName=DNS:localhost"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return [(folder / name).read_bytes() for name in ("certificate", "key")]


@pytest.mark.parametrize("mutual", [False, True])
def test_tls(certificates, tmp_path, mutual):
    certificate, key = certificates
    file = tmp_path / "ssl.config"
    file.write_text(
        f"server_key: {key.decode()!r} server_cert: {certificate.decode()!r}"
        f" custom_ca: {certificate.decode()!r} client_verify: {mutual}"
    )
    stop, port = start(manager.Manager(None), ssl_config_file=str(file))

    def ask(credentials):
        with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            return _refusal(
                lambda request: stub.Predict(request, timeout=5),
                predict_pb2.PredictRequest(),
            )[0]

    known = grpc.ssl_channel_credentials(certificate, key, certificate)
    assert ask(known) == "INVALID_ARGUMENT"
    unknown = grpc.ssl_channel_credentials(certificate)
    refused = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
    if mutual:
        assert ask(unknown) in refused
    else:
        assert ask(unknown) == "INVALID_ARGUMENT"
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        assert _refusal(stub.Predict, _request())[0] in refused
    stop(None)


def test_a_key_that_is_none_is_refused(tmp_path):
    file = tmp_path / "ssl.config"
    file.write_text('server_key: "k" server_cert: "c"')
    with pytest.raises(UserError, match="the key does not fit"):
        start(manager.Manager(None), ssl_config_file=str(file))


def test_a_taken_port_is_refused():
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot listen on 0.0.0.0:{port}"):
            start(manager.Manager(None), port=port)


def test_two_servers_never_share_a_port():
    stop, port = start(manager.Manager(None))
    with pytest.raises(UserError, match=f"cannot listen on 0.0.0.0:{port}"):
        start(manager.Manager(None), port=port)
    stop(None)
