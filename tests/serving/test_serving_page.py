"""docs/serving.md and serving/ at work: `aeai-serve` with their flags."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import grpc
import pytest
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from PIL import Image
from tensorflow_serving.apis import (
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from tests.serving.files import ROOT, SERVING, flags_of, read_yaml
from tests.stand_in import SIZE, StandIn, export

PAGE = (ROOT / "docs/serving.md").read_text()
MODEL = "aeai_pole"


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def test_models_on_the_page_are_a_models_config():
    (block,) = _blocks("proto")
    message = model_server_config_pb2.ModelServerConfig()
    assert len(text_format.Parse(block, message).model_config_list.config) == 2


def test_files_on_the_page_exist():
    links = re.findall(r"\]\((\.\./[^)#]+)\)", PAGE)
    assert len(links) > 10
    for link in links:
        assert (ROOT / "docs" / link).exists(), link
    for link in re.findall(r"(?:^|[ =])(serving/[\w./]+)", PAGE):
        assert (ROOT / link.rstrip(".")).exists(), link
    for link in re.findall(r"\]\(#([^)]+)\)", PAGE):
        heading = link.replace("-", " ").capitalize()
        assert re.search(f"^## {heading}$", PAGE, re.M | re.I), link


@pytest.mark.parametrize("program", ["export", "serve", "interpolate"])
def test_commands_on_the_page_have_the_flags_of_the_programs(program):
    script = " ".join(_blocks("bash")).replace("\\\n", " ")
    used = set()
    for line in re.findall(rf"aeai-{program} (.*)", script):
        used |= flags_of(line.split()).keys()
    done = subprocess.run(
        [sys.executable, "-m", f"aeai_tf.{program}", "--help"],
        check=True,
        capture_output=True,
        text=True,
    )
    known = set(re.findall(r"^  --(?:\[no\])?(\w+):", done.stdout, re.M))
    assert used and used <= known


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder as the page leaves it: models, their file, certificates."""
    folder = tmp_path_factory.mktemp("walk")
    versions = folder / "models" / MODEL
    export(StandIn(), versions)
    shutil.copytree(versions / "1", versions / "2")
    for name in ("models.config", "models.canary.config"):
        text = (SERVING / name).read_text()
        text = text.replace("/models/", f"{folder}/models/")
        (folder / name).write_text(text)
    subprocess.run(
        [SERVING / "make_certificates.sh", folder / "certificates"], check=True
    )
    for name in "ab":
        Image.new("RGB", (SIZE, SIZE)).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def serve(folder):
    """Starts `aeai-serve` with the Deployment's flags; gives its address."""
    processes = []

    def start(**changes):
        deployment = read_yaml("kubernetes/deployment.yaml")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        flags = flags_of(container["args"])
        flags["monitoring_config_file"] = SERVING / "monitoring.config"
        flags |= {"port": port, **changes}
        command = [sys.executable, "-m", "aeai_tf.serve"]
        command += [
            f"--{name}={value}" if value else f"--{name}"
            for name, value in flags.items()
        ]
        process = subprocess.Popen(command)
        processes.append(process)
        for _ in range(600):
            assert process.poll() is None
            with socket.socket() as attempt:
                if not attempt.connect_ex(("localhost", port)):
                    break
            time.sleep(0.1)
        return f"localhost:{port}"

    yield start
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(30) for process in processes] == [0] * len(processes)


@pytest.fixture(scope="module")
def address(serve, folder):
    return serve(model_config_file=folder / "models.canary.config")


def _version(channel, label):
    request = predict_pb2.PredictRequest(output_filter=["json"])
    request.model_spec.name = MODEL
    request.model_spec.signature_name = "describe"
    request.model_spec.version_label = label
    request.inputs["request"].dtype = 7
    request.inputs["request"].tensor_shape.dim.add(size=1)
    request.inputs["request"].string_val.append(b"")
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    return stub.Predict(request, timeout=30).model_spec.version.value


def test_labels_of_the_canary_lead_to_their_versions(address):
    with grpc.insecure_channel(address) as channel:
        assert _version(channel, "stable") == 1
        assert _version(channel, "canary") == 2


def test_the_probes_of_the_deployment_are_answered(address):
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("PredictionService", "ModelService"):
            request = health_pb2.HealthCheckRequest(service=service)
            serving = health_pb2.HealthCheckResponse.SERVING
            assert stub.Check(request, timeout=10).status == serving


def test_tls_with_the_made_certificates(serve, folder):
    certificates = folder / "certificates"
    address = serve(
        model_config_file=folder / "models.config",
        ssl_config_file=certificates / "ssl.config",
    )
    ca, key, cert = (
        (certificates / name).read_bytes()
        for name in ("ca.crt", "client.key", "client.crt")
    )
    credentials = grpc.ssl_channel_credentials(ca, key, cert)
    with grpc.secure_channel(address, credentials) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
    strangers = grpc.ssl_channel_credentials(ca)
    with (
        grpc.secure_channel(address, strangers) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        stub = health_pb2_grpc.HealthStub(channel)
        stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("number", range(len(_blocks("python"))))
def test_python_on_the_page_runs(address, folder, monkeypatch, number):
    block = _blocks("python")[number]
    if "ovmsclient" in block:
        pytest.importorskip("ovmsclient")
    assert re.search(r"(localhost|aeai-serving):8500", block)
    block = re.sub(r"(localhost|aeai-serving):8500", address, block)
    monkeypatch.chdir(folder)
    names = {}
    exec(compile(block, f"docs/serving.md block {number}", "exec"), names)
    if "dns:///" in block:  # Opens nothing by itself.
        assert names["client"].describe()["image_size"] == SIZE
