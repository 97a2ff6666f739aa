"""The files in serving/ against their schemas, and against each other."""

import http.server
import json
import re
import subprocess
import sys
import threading
from concurrent import futures

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from tests.serving import upstream
from tests.serving.files import (
    SERVING,
    commented_flags,
    flags_of,
    parse,
    read_yaml,
)


@pytest.fixture(scope="module")
def compose():
    return read_yaml("compose.yaml")["services"]["serving"]


def _models(name):
    message = model_server_config_pb2.ModelServerConfig()
    return parse(name, message).model_config_list.config


@pytest.mark.parametrize("name", ["models.config", "models.canary.config"])
def test_models_have_absolute_paths_and_labels_of_served_versions(name):
    models = _models(name)
    assert models
    for model in models:
        assert model.name and model.model_platform == "tensorflow"
        assert model.base_path == f"/models/{model.name}"
        served = model.model_version_policy.specific.versions
        assert set(model.version_labels.values()) <= set(served)


def test_the_canary_has_two_labels():
    (model,) = _models("models.canary.config")
    assert dict(model.version_labels) == {"stable": 1, "canary": 2}


def test_batching_is_what_the_server_accepts():
    batching = parse("batching.config", upstream.BatchingParameters())
    sizes = list(batching.allowed_batch_sizes)
    assert sizes == sorted(set(sizes)) and sizes[0] == 1
    assert sizes[-1] == batching.max_batch_size.value
    assert batching.num_batch_threads.value >= 1
    assert batching.max_enqueued_batches.value >= 1
    assert batching.batch_timeout_micros.value >= 0
    # Padded alphas would come back as images that nobody asked for.
    assert not batching.pad_variable_length_inputs


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two folders of certificates, by two authorities."""
    folders = [tmp_path_factory.mktemp("certificates") for _ in range(2)]
    for folder in folders:
        subprocess.run(
            [SERVING / "make_certificates.sh", folder, "aeai-serving"],
            check=True,
        )
    return folders


def test_ssl_config_is_whole_and_for_its_owner_alone(certificates):
    folder = certificates[0]
    text = (folder / "ssl.config").read_text()
    config = text_format.Parse(text, upstream.SSLConfig())
    for field, name in (
        ("server_key", "server.key"),
        ("server_cert", "server.crt"),
        ("custom_ca", "ca.crt"),
    ):
        assert getattr(config, field) == (folder / name).read_text()
    assert config.client_verify
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
    template = parse("ssl.config", upstream.SSLConfig())
    assert template.client_verify and template.server_key == "{server.key}"


def test_certificates_let_in_their_own_clients_alone(certificates):
    ours, others = certificates
    config = upstream.SSLConfig()
    text_format.Parse((ours / "ssl.config").read_text(), config)
    server = grpc.server(futures.ThreadPoolExecutor(1))
    port = server.add_secure_port(
        "localhost:0",
        grpc.ssl_server_credentials(
            [(config.server_key.encode(), config.server_cert.encode())],
            config.custom_ca.encode(),
            config.client_verify,
        ),
    )
    server.start()

    def ask(client, authority):
        pair = [None, None]
        if client:
            pair = [
                (client / f"client.{end}").read_bytes()
                for end in ("key", "crt")
            ]
        credentials = grpc.ssl_channel_credentials(
            (authority / "ca.crt").read_bytes(), *pair
        )
        with (
            grpc.secure_channel(f"localhost:{port}", credentials) as channel,
            pytest.raises(grpc.RpcError) as caught,
        ):
            channel.unary_unary("/no/such")(b"", timeout=10)
        return caught.value.code()

    try:
        assert ask(ours, ours) == grpc.StatusCode.UNIMPLEMENTED  # Let in.
        assert ask(None, ours) == grpc.StatusCode.UNAVAILABLE
        assert ask(others, ours) == grpc.StatusCode.UNAVAILABLE
        assert ask(ours, others) == grpc.StatusCode.UNAVAILABLE
    finally:
        server.stop(None)


def test_compose_follows_its_specification():
    subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec"),
            SERVING / "compose.yaml",
        ],
        check=True,
    )


def test_compose_mounts_what_its_flags_name(compose):
    text = (SERVING / "compose.yaml").read_text()
    mounts = dict(
        re.findall(r"^      (?:# )?- (\.\S*?):(/\w+):ro$", text, re.MULTILINE)
    )
    assert mounts == {
        "../models": "/models",
        ".": "/config",
        "../certificates": "/certificates",
    }
    flags = flags_of(compose["command"]) | commented_flags("compose.yaml")
    for kind in ("model_config", "monitoring_config", "batching_parameters"):
        folder, _, name = flags[f"{kind}_file"].rpartition("/")
        assert folder == "/config" and (SERVING / name).is_file()
    assert flags["ssl_config_file"] == "/certificates/ssl.config"
    ports = {entry.split(":")[-1] for entry in compose["ports"]}
    assert ports == {flags["port"], flags["rest_api_port"]}


@pytest.mark.parametrize(
    "state, healthy", [("AVAILABLE", True), ("LOADING", False), (None, False)]
)
def test_the_health_check_of_compose_tells_the_state(compose, state, healthy):
    class Rest(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            known = (
                self.path == f"/v1/models/{_models('models.config')[0].name}"
            )
            body = {"model_version_status": [{"version": "1", "state": state}]}
            self.send_response(200 if known else 404)
            self.end_headers()
            if known:
                self.wfile.write(json.dumps(body, indent=1).encode())

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Rest)
    port = str(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if state is None:
        server.shutdown()
        server.server_close()
    kind, *command = compose["healthcheck"]["test"]
    assert kind == "CMD"
    command[-1] = command[-1].replace("8501", port)
    done = subprocess.run(command, check=False, capture_output=True, timeout=20)
    server.shutdown()
    server.server_close()
    assert (done.returncode == 0) is healthy


@pytest.fixture(scope="module")
def own_flags():
    """The flags of `aeai-serve`."""
    shown = subprocess.run(
        [sys.executable, "-m", "aeai_tf.serve", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return set(re.findall(r"^  --(?:\[no\])?(\w+):", shown, re.MULTILINE))


def test_both_servers_know_every_flag(compose, own_flags):
    deployment = read_yaml("kubernetes/deployment.yaml")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    used = {
        *flags_of(compose["command"]),
        *flags_of(container["args"]),
        *commented_flags("compose.yaml"),
        *commented_flags("kubernetes/deployment.yaml"),
    }
    assert {"ssl_config_file", "batching_parameters_file"} < used
    assert used <= upstream.FLAGS
    assert used <= own_flags
