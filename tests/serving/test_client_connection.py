"""Attempts, deadlines, sockets and TLS, with both clients."""

import os
import socket
import subprocess
import sys

import grpc
import numpy as np
import pytest
from PIL import Image

from aeai_tf.errors import UserError
from aeai_tf.serving.client import InterpolationClient, ServingError
from tests.serving.fake import CLIENTS, Fake, make_certificates, running

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))


@pytest.fixture(params=CLIENTS)
def new_client(request):
    return CLIENTS[request.param]


@pytest.fixture
def fake():
    return Fake(64)


@pytest.fixture
def client(new_client, fake):
    with running(fake) as address, new_client(address, "m", 60) as client:
        client.encode(np.zeros([64, 64, 3]))  # Asks for the description.
        fake.asked.clear()
        yield client


def test_unavailable_is_tried_again_with_the_whole_request(client, fake):
    images = np.random.default_rng(0).random([80, 64, 64, 3], np.float32)
    fake.failures = [UNAVAILABLE] * 3
    np.testing.assert_array_equal(client.encode(images), images[:, 0, 0])
    assert fake.signatures() == ["encode"] * 4
    assert min(call[1] for call in fake.asked) > 3e6


def test_all_servers_of_a_name_are_asked(new_client):
    fakes = [Fake(), Fake()]
    images = np.zeros([1, 16, 16, 3])
    with running(fakes[0]) as one, running(fakes[1]) as other:
        name = f"ipv4:{one},{other}"
        with new_client(name, "m", 60) as client:
            for _ in range(20):
                client.encode(images)
    assert min(len(fake.asked) for fake in fakes) >= 5


def test_it_is_not_tried_for_ever(client, fake):
    fake.failures = [UNAVAILABLE] * 99
    with pytest.raises(ServingError) as caught:
        client.describe()
    assert caught.value.code == UNAVAILABLE
    assert "in up to 5 attempts: not now" in str(caught.value)
    assert "\n" not in str(caught.value) and "{{" not in str(caught.value)
    assert len(fake.asked) == 5


@pytest.mark.parametrize(
    "name",
    [
        "INVALID_ARGUMENT",
        "RESOURCE_EXHAUSTED",
        "INTERNAL",
        "ABORTED",
        "NOT_FOUND",
    ],
)
def test_nothing_else_is_tried_again(client, fake, name):
    fake.failures = [grpc.StatusCode[name]]
    with pytest.raises(ServingError, match="not now") as caught:
        client.describe()
    assert caught.value.code.name == name
    assert isinstance(caught.value.__cause__, grpc.RpcError)
    assert len(fake.asked) == 1


def test_one_deadline_holds_for_all_parts(new_client, fake):
    fake.seconds = 0.4
    with (
        running(fake) as address,
        new_client(address, "m", 1.5) as client,
        pytest.raises(ServingError, match=r"within 1\.5 s") as caught,
    ):
        client.decode(np.zeros([1000, 3]))
    assert caught.value.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert len(fake.asked) < 6  # Of 13.


def test_an_absent_server_is_named(new_client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with new_client(address, "m") as client:
        with pytest.raises(ServingError, match=f"{address} in up to 5") as got:
            client.describe()
        assert got.value.code == UNAVAILABLE
        assert "Connection refused" in str(got.value)


def test_a_silent_server_is_given_up_at_the_deadline(new_client):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            new_client(address, "m", timeout=0.5) as client,
            pytest.raises(ServingError, match=f"{address} within 0.5 s"),
        ):
            client.describe()


def test_versions_and_labels_are_asked_for(new_client, fake):
    with running(fake) as address:
        for options in ({}, {"version": 0}, {"version_label": "stable"}):
            with new_client(address, "m", **options) as client:
                client.describe()
    latest, version, label = (call[3] for call in fake.asked)
    assert latest.name == version.name == label.name == "m"
    assert latest.WhichOneof("version_choice") is None
    assert version.HasField("version") and version.version.value == 0
    assert label.version_label == "stable"
    with pytest.raises(UserError, match="not both"):
        InterpolationClient("a:1", "m", version=1, version_label="stable")


@pytest.mark.parametrize(
    "signature, output",
    [
        ("describe", {"images": np.zeros([1], np.float32)}),
        ("describe", {"json": np.array(["no JSON"], object)}),
        ("describe", {"json": np.array(["3"], object)}),
        ("describe", {"json": np.zeros([0], np.float32)}),
        ("interpolate", {"latents": np.zeros([1], np.float32)}),
        ("interpolate", {"images": np.zeros([1, 2], np.float32)}),
        ("interpolate", {"images": np.zeros([1], np.int64)}),
        ("decode", {"images": np.float32(1)}),
        ("decode", {"images": np.zeros([1, 64, 64, 3], np.float32)}),
    ],
)
def test_another_kind_of_model_is_said(client, fake, signature, output):
    image = np.zeros([64, 64, 3])
    fake.outputs = output
    with pytest.raises(
        ServingError, match=f"no aeai model.*{signature}"
    ) as got:
        {
            "describe": client.describe,
            "decode": lambda: client.decode(np.zeros([2, 3])),
            "interpolate": lambda: client.interpolate(image, image, [0.5]),
        }[signature]()
    assert got.value.code is None


def test_a_unix_socket(new_client, fake, tmp_path):
    address = f"unix:{tmp_path}/socket"
    with running(fake, address), new_client(address, "m") as client:
        assert client.describe()["image_size"] == 64


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pem")
    make_certificates(folder)
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture(params=[False, True], ids=["tls", "mutual"])
def secure(request, pem, fake):
    """An address, and what a client needs to be let in."""
    read = {name: path.read_bytes() for name, path in pem.items()}
    credentials = grpc.ssl_server_credentials(
        [(read["server.key"], read["server.pem"])],
        read["ca.pem"] if request.param else None,
        request.param,
    )
    files = {"ca": pem["ca.pem"]}
    if request.param:
        files |= {"cert": pem["client.pem"], "key": pem["client.key"]}
    with running(fake, credentials=credentials) as address:
        yield address, files


def test_tls(new_client, secure, pem):
    address, files = secure
    with new_client(address, "m", **files) as client:
        assert client.describe()["image_size"] == 64
    # Without a certificate, with a wrong one, without TLS.
    wrong = [files | {"ca": pem["client.pem"]}, {}]
    wrong += [{"ca": pem["ca.pem"]}] if "cert" in files else []
    for files in wrong:
        with (
            new_client(address, "m", 5, **files) as client,
            pytest.raises(ServingError, match=f"no answer from {address}"),
        ):
            client.describe()


def test_files_of_no_use_for_tls_are_named(pem, tmp_path):
    text = tmp_path / "text.pem"
    text.write_text("hello")
    key, cert = pem["client.key"], pem["client.pem"]
    for files, sentence in (
        ({"ca": tmp_path / "absent.pem"}, "cannot read .*absent.pem: No such"),
        ({"ca": text}, r"no use for TLS: .*text.pem \(.+\)"),
        (
            {"cert": cert, "key": text},
            "no use for TLS: .*client.pem with .*tex",
        ),
        ({"cert": cert, "key": pem["server.key"]}, "MISMATCH"),
        ({"cert": cert}, "both cert and key"),
        ({"ca": pem["ca.pem"], "key": key}, "both cert and key"),
    ):
        with pytest.raises(UserError, match=sentence):
            InterpolationClient("127.0.0.1:1", "m", **files)


def test_the_program_asks_over_tls(secure, fake, pem, tmp_path):
    address, files = secure
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")

    def run(**files):
        flags = {"source": "a.png", "target": "a.png", "model": "m"}
        flags |= {"server": address, "version": 3} | files
        return subprocess.run(
            [sys.executable, "-m", "aeai_tf.interpolate"]
            + [f"--{name}={value}" for name, value in flags.items()],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": ROOT},
            capture_output=True,
            check=False,
            text=True,
        )

    done = run(**files)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "strip.png").exists()
    assert fake.asked[-1][3].version.value == 3
    for bad in ({"ca": tmp_path / "a.png"}, {"ca": pem["client.pem"]}, {}):
        done = run(**bad)
        assert done.returncode == 1
        assert done.stderr.startswith("aeai-interpolate: ")
        assert done.stderr.count("\n") == 1
