import io
import subprocess
import sys

import grpc
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import predict_pb2

from aeai_tf import interpolation
from aeai_tf.errors import UserError
from aeai_tf.serving import wire
from aeai_tf.serving.client import InterpolationClient, ServingError
from tests.stand_in import (
    LATENT,
    METADATA,
    SIZE,
    StandIn,
    export,
    images,
    serving,
)


@pytest.fixture(scope="module")
def model():
    return StandIn()


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    return export(model, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module", params=["numbers", "content"])
def address(request, path):
    with serving(path, request.param == "content") as address:
        yield address


@pytest.fixture
def client(address):
    with InterpolationClient(address, "m") as client:
        yield client


def test_interpolate_equals_the_model(client, model):
    source, target = images(2)
    alphas = [-0.5, 0, 0.3, 1]
    got = client.interpolate(source, target, alphas)
    want = model.interpolate(
        source[np.newaxis], target[np.newaxis], tf.constant([alphas])
    )
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want[0], atol=1e-5)


def test_encode_and_decode_equal_the_model(client, model):
    latents = client.encode(images(3))
    np.testing.assert_allclose(latents, model.encode(images(3)), atol=1e-5)
    np.testing.assert_allclose(
        client.decode(latents), model.decode(latents), atol=1e-5
    )


def test_describe_tells_what_the_model_is(client):
    description = client.describe()
    assert description["image_size"] == SIZE
    assert description["latent_dim"] == LATENT
    assert description.items() >= METADATA.items()


def test_replies_beyond_grpcs_limit_arrive(client):
    source, target = images(2)
    assert client.interpolate(source, target, np.zeros(3000)).nbytes > 9e6


def test_interpolate_files_equals_interpolate(client, tmp_path):
    pixels = np.rint(images(2) * 255).astype(np.uint8)
    for name, image in zip("ab", pixels, strict=True):
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    got = client.interpolate_files(tmp_path / "a.png", tmp_path / "b.png", 3)
    want = client.interpolate(pixels[0] / 255, pixels[1] / 255, [0, 0.5, 1])
    assert len(got) == 3
    for data, image in zip(got, want, strict=True):
        decoded = np.asarray(Image.open(io.BytesIO(data))) / 255
        np.testing.assert_allclose(decoded, image, atol=0.51 / 255)


@pytest.mark.parametrize("kind", ["absent", "text", "cut", "gif", "folder"])
def test_a_file_that_is_no_image_is_named_before_anything_is_sent(
    tmp_path, kind
):
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.new("RGB", (SIZE, SIZE)).save(good)
    if kind == "text":
        bad.write_text("hello")
    elif kind == "cut":
        noise = np.random.default_rng(0).integers(0, 256, [40, 40, 3], np.uint8)
        Image.fromarray(noise).save(bad)
        bad.write_bytes(bad.read_bytes()[:1000])
    elif kind == "gif":
        Image.new("RGB", (9, 9)).save(bad, format="GIF")
    elif kind == "folder":
        bad.mkdir()
    client = InterpolationClient("127.0.0.1:1", "m")  # Nobody answers.
    for pair in ((good, bad), (bad, good)):
        with pytest.raises(UserError, match=r"bad\.png") as caught:
            client.interpolate_files(*pair, 3)
        assert not isinstance(caught.value, ServingError)


def test_a_model_that_the_server_lacks_is_named(address):
    with (
        InterpolationClient(address, "other") as client,
        pytest.raises(ServingError, match="has no model 'other'"),
    ):
        client.describe()


def test_refusals_keep_the_servers_text(client):
    image = np.zeros([SIZE, SIZE, 3])
    with pytest.raises(ServingError, match="alpha must be finite") as caught:
        client.interpolate(image, image, [np.nan])
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT
    assert "\n" not in str(caught.value)
    assert "{{" not in str(caught.value)


def test_bilinear_equals_the_model(client, model):
    corners = images(4)
    grid = client.bilinear(corners, [0, 0.3], [0.5, 1, 2])
    latents = interpolation.bilinear(
        model.encode(corners), [[0, 0.3]] * 3, [[0.5] * 2, [1] * 2, [2] * 2]
    )
    want = model.decode(tf.reshape(latents, [6, LATENT]))
    np.testing.assert_allclose(grid.reshape(want.shape), want, atol=1e-5)


def test_the_server_and_the_client_squeeze_files_alike(tmp_path):
    encoder = [keras.Input([SIZE, SIZE, 3]), keras.layers.Flatten()]
    decoder = [
        keras.Input([SIZE * SIZE * 3]),
        keras.layers.Reshape([SIZE, SIZE, 3]),
    ]
    model = StandIn(keras.Sequential(encoder), keras.Sequential(decoder))
    noise = np.random.default_rng(0).integers(0, 256, [2, 50, 9, 3], np.uint8)
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path, pixels in zip(paths, noise, strict=True):
        Image.fromarray(pixels).save(path)
    with (
        serving(export(model, tmp_path / "models")) as address,
        InterpolationClient(address, "m") as client,
    ):
        there = client.interpolate_files(*paths, 3)
        here = client.interpolate(*paths, [0, 0.5, 1])
    there = [np.asarray(Image.open(io.BytesIO(data))) / 255 for data in there]
    np.testing.assert_allclose(there, here, atol=2 / 255)


def test_wire_is_that_of_tensorflow_serving():
    array = np.random.default_rng(0).random([2, 3, 4], np.float32)
    files = np.array([b"\0a", b""], object)
    spec = wire.model_spec("m")
    message = wire.request(spec, "s", {"x": array, "y": files})
    request = predict_pb2.PredictRequest.FromString(message.SerializeToString())
    assert request.model_spec.name == "m"
    assert request.model_spec.signature_name == "s"
    np.testing.assert_array_equal(tf.make_ndarray(request.inputs["x"]), array)
    np.testing.assert_array_equal(tf.make_ndarray(request.inputs["y"]), files)

    response = predict_pb2.PredictResponse()
    response.outputs["content"].CopyFrom(tf.make_tensor_proto(array))
    response.outputs["files"].CopyFrom(tf.make_tensor_proto(files))
    numbers = response.outputs["numbers"]
    numbers.dtype = tf.float32.as_datatype_enum
    numbers.tensor_shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
    numbers.float_val.extend(array.ravel().tolist())
    read = wire.PredictResponse.FromString(response.SerializeToString())
    outputs = wire.outputs(read)
    assert outputs.keys() == {"content", "files", "numbers"}
    np.testing.assert_array_equal(outputs["content"], array)
    np.testing.assert_array_equal(outputs["numbers"], array)
    np.testing.assert_array_equal(outputs["files"], files)


def strings_as_content(lengths: bytes, strings: bytes, shape):
    """A reply as TensorFlow Serving writes it with bytes asked for."""
    response = predict_pb2.PredictResponse()
    tensor = response.outputs["y"]
    tensor.dtype = tf.string.as_datatype_enum
    tensor.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    tensor.tensor_content = lengths + strings
    return response


def test_strings_in_bytes_are_read():
    strings = [b"", b"a\xff", b"b" * 300]
    lengths = b"\0\2" + bytes([300 & 127 | 128, 300 >> 7])
    response = strings_as_content(lengths, b"".join(strings), [3, 1])
    proto = response.outputs["y"].SerializeToString()
    theirs = tf.io.parse_tensor(proto, tf.string).numpy()
    read = wire.PredictResponse.FromString(response.SerializeToString())
    ours = wire.outputs(read)["y"]
    assert ours.shape == (3, 1)
    assert ours.tolist() == theirs.tolist() == [[s] for s in strings]


@pytest.mark.parametrize("lengths", [b"\2\2", b"\3", b"\1", b"\x84"])
def test_strings_that_are_not_whole_are_refused(lengths):
    response = strings_as_content(lengths, b"ab", [len(lengths)])
    read = wire.PredictResponse.FromString(response.SerializeToString())
    with pytest.raises(ValueError, match="not whole"):
        wire.outputs(read)


def test_the_client_needs_no_tensorflow():
    code = (
        "import sys, aeai_tf.interpolate, aeai_tf.serving.async_client; "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
