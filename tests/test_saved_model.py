import contextlib
import io
import json
import os
import resource
import struct
import threading
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

import aeai_tf
from aeai_tf import errors, networks, saved_model
from aeai_tf.versions import versions
from tests.stand_in import LATENT, METADATA, SIZE, StandIn, export, images


@pytest.fixture(scope="module")
def model():
    return StandIn()


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    return export(model, tmp_path_factory.mktemp("models") / "new" / "m")


@pytest.fixture(scope="module")
def ask(path):
    """Runs signatures as TensorFlow Serving does: in a v1 session."""
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph)
    with contextlib.closing(session):
        with graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], path)
        signatures = meta_graph.signature_def

        def run(name, **inputs):
            assert set(signatures[name].inputs) == set(inputs)
            outputs = signatures[name].outputs.items()
            feed = signatures[name].inputs
            return session.run(
                {output: info.name for output, info in outputs},
                {feed[key].name: value for key, value in inputs.items()},
            )

        run.signatures = signatures
        yield run


def _png(array, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, **({"format": "PNG"} | options))
    return file.getvalue()


@pytest.mark.parametrize("signature", ["interpolate", "serving_default"])
@pytest.mark.parametrize("batch, steps", [(1, 1), (3, 5)])
def test_interpolate_equals_the_model(model, ask, signature, batch, steps):
    source, target = images(batch, 1), images(batch, 2)
    alpha = np.linspace(-0.5, 1.5, batch * steps).reshape(batch, steps)
    got = ask(signature, source=source, target=target, alpha=alpha)["images"]
    assert got.shape == (batch, steps, SIZE, SIZE, 3)
    want = model.interpolate(source, target, tf.constant(alpha, tf.float32))
    np.testing.assert_allclose(got, want, atol=1e-5)


def test_encode_and_decode_equal_the_model(model, ask):
    latents = ask("encode", images=images(3))["latents"]
    np.testing.assert_allclose(latents, model.encode(images(3)), atol=1e-5)
    decoded = ask("decode", latents=latents)["images"]
    np.testing.assert_allclose(decoded, model.decode(latents), atol=1e-5)
    assert np.ptp(decoded) > 0.01


def test_interpolate_encoded_equals_interpolate_for_files_of_any_kind(ask):
    pixels = np.rint(images(1)[0] * 255).astype(np.uint8)
    grey = pixels[..., 0]
    opaque = np.concatenate([pixels, np.full_like(pixels[..., :1], 9)], -1)
    doubled = pixels.repeat(2, 0).repeat(3, 1)  # Resized with antialiasing.
    greys = grey[..., np.newaxis].repeat(3, -1)
    files = [_png(array) for array in (pixels, grey, opaque, doubled)]
    alpha = np.tile([[0, 0.3, 1]], [4, 1])
    got = ask(
        "interpolate_encoded", source=files, target=files[::-1], alpha=alpha
    )["images"]
    assert got.shape == (4, 3)
    source = np.stack([pixels, greys, pixels, pixels]) / 255
    want = ask("interpolate", source=source, target=source[::-1], alpha=alpha)
    for row in range(4):
        for step in range(3):
            image = Image.open(io.BytesIO(got[row, step]))
            assert (image.format, image.mode) == ("PNG", "RGB")
            np.testing.assert_allclose(
                np.asarray(image) / 255,
                want["images"][row, step],
                # Half a grey value, and what antialiasing changed.
                atol=0.51 / 255 if row in (1, 2) else 0.05,
            )


def test_interpolate_encoded_resizes_with_antialiasing_and_reads_jpeg(ask):
    # Without antialiasing every other row would be black, the rest white.
    stripes = np.zeros([9 * SIZE, 9 * SIZE, 3], np.uint8)
    stripes[::2] = 255
    files = [
        _png(stripes),
        _png(np.full([40, 50, 3], 128, np.uint8), format="JPEG"),
    ]
    got = ask(
        "interpolate_encoded", source=files, target=files, alpha=[[0], [0]]
    )["images"]
    plain = np.full([1, SIZE, SIZE, 3], 0.5, np.float32)
    want = ask("interpolate", source=plain, target=plain, alpha=[[0]])
    for file in got[:, 0]:
        image = np.asarray(Image.open(io.BytesIO(file))) / 255
        np.testing.assert_allclose(image, want["images"][0, 0], atol=0.02)


def test_describe_tells_the_metadata(ask, path):
    want = {
        **METADATA,
        "image_size": SIZE,
        "latent_dim": LATENT,
        "value_range": [0, 1],
        "aeai_tf_version": aeai_tf.__version__,
    }
    rows = ask("describe", request=[b"", b"x"])["json"]
    assert [json.loads(row) for row in rows] == [want, want]
    with open(os.path.join(path, "assets.extra", "aeai.json")) as file:
        assert json.load(file) == want


@pytest.mark.parametrize("signature", ["interpolate", "interpolate_encoded"])
def test_alphas_that_are_not_finite_are_refused(ask, signature):
    source = images(1) if signature == "interpolate" else [_png_of_one()]
    for alpha in (np.nan, np.inf):
        with pytest.raises(tf.errors.InvalidArgumentError, match="finite"):
            ask(signature, source=source, target=source, alpha=[[0, alpha]])


def _png_of_one():
    return _png(np.rint(images(1)[0] * 255).astype(np.uint8))


def test_a_batch_that_does_not_match_is_refused(ask):
    with pytest.raises(tf.errors.InvalidArgumentError, match="many rows as"):
        ask(
            "interpolate",
            source=images(2),
            target=images(2),
            alpha=[[0.0, 1.0]],
        )


def _claiming(kind, width, height):
    """A small file whose header tells of another size."""
    data = bytearray(_png(np.zeros([9, 9, 3], np.uint8), format=kind))
    if kind == "PNG":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    else:
        start = data.index(b"\xff\xc0") + 5
        data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


NO_IMAGES = {
    "nothing": b"",
    "text": b"hello",
    "random": np.random.default_rng(0).bytes(999),
    "gif": _png(np.zeros([9, 9, 3], np.uint8), format="GIF"),
    "bmp": _png(np.zeros([9, 9, 3], np.uint8), format="BMP"),
    "cut png": _png(np.zeros([99, 99, 3], np.uint8))[:-20],
    "start of a png": _png(np.zeros([99, 99, 3], np.uint8))[:15],
}


@pytest.mark.parametrize("kind", NO_IMAGES)
@pytest.mark.parametrize("name", ["source", "target"])
def test_what_is_no_image_is_refused_by_its_place(ask, kind, name):
    good = [_png_of_one()] * 3
    files = {"source": good, "target": good}
    files[name] = [good[0], good[0], NO_IMAGES[kind]]
    text = rf"{name}\[2\] is no PNG or JPEG image"
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        ask("interpolate_encoded", **files, alpha=[[0.0]] * 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("width, height", [(20_000, 20_000), (65_000, 1033)])
def test_an_image_that_is_too_large_is_refused_unread(ask, kind, width, height):
    files = [_png_of_one(), _claiming(kind, width, height)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        ask(
            "interpolate_encoded", source=files, target=files, alpha=[[0.0]] * 2
        )
    assert f"[1] has {width} x {height} pixels" in str(caught.value)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 100_000  # KB


def test_bytes_changed_or_cut_are_refused_or_read(ask):
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, [20, 20, 3], np.uint8)
    refused = 0
    for file in (_png(noise), _png(noise, format="JPEG")):
        for _ in range(50):
            data = bytearray(file[: generator.integers(1, len(file) + 1)])
            data[generator.integers(len(data))] ^= generator.integers(1, 256)
            pair = [bytes(data)]
            try:
                ask(
                    "interpolate_encoded",
                    source=pair,
                    target=pair,
                    alpha=[[0.0]],
                )
            except tf.errors.InvalidArgumentError:
                refused += 1
    assert refused > 50


def test_every_input_and_output_starts_with_the_batch(ask):
    for name in (*saved_model.SIGNATURES, "serving_default"):
        signature = ask.signatures[name]
        for info in [*signature.inputs.values(), *signature.outputs.values()]:
            assert info.tensor_shape.dim[0].size == -1


def test_warm_up_covers_the_signatures(ask, path):
    records = os.path.join(path, "assets.extra", "tf_serving_warmup_requests")
    seen = set()
    for record in tf.data.TFRecordDataset(records):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        ask(request.model_spec.signature_name, **inputs)
        seen.add(request.model_spec.signature_name)
    assert seen >= {"interpolate", "encode", "decode", "interpolate_encoded"}


def test_size_is_that_of_the_weights(tmp_path, capsys):
    model = StandIn(
        networks.encoder(64, 256, num_blocks=4),
        networks.decoder(64, 256, num_blocks=4),
    )
    path = saved_model.export(
        model,
        str(tmp_path),
        image_size=64,
        metadata=METADATA,
    )
    variables = model.encoder.variables + model.decoder.variables
    weights = 4 * sum(int(np.prod(v.shape)) for v in variables)
    size = sum(
        os.path.getsize(os.path.join(folder, file))
        for folder, _, files in os.walk(path)
        for file in files
    )
    with capsys.disabled():
        print(f"\nexport {size:,} bytes, weights {weights:,}: ", end="")
        print(f"{size / weights:.4f}")
    assert weights > 10e6
    assert size <= 1.05 * weights
    stored = tf.train.list_variables(os.path.join(path, "variables/variables"))
    stored = sum(
        int(np.prod(shape)) for name, shape in stored if "GRAPH" not in name
    )
    assert 4 * stored == weights


def test_versions_count_up_and_other_names_are_skipped(model, tmp_path):
    for name in ("00000003", "tmp", "12x"):
        (tmp_path / name).mkdir()
    (tmp_path / "9").write_text("a file")
    assert versions(tmp_path) == {3: str(tmp_path / "00000003")}
    assert export(model, tmp_path) == str(tmp_path / "4")
    assert list(versions(tmp_path)) == [3, 4]
    assert len(os.listdir(tmp_path)) == 5


def test_a_disk_that_fills_up_leaves_nothing_behind(model, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises((errors.UserError, OSError)):
            export(model, tmp_path / "models" / "m")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == []


def test_a_path_that_cannot_be_a_folder_is_refused(model, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        export(model, tmp_path / "file" / "m")


def test_nothing_half_written_is_ever_a_version(model, tmp_path, monkeypatch):
    seen = []
    write_warmup = saved_model._write_warmup

    def spy(*arguments):
        seen.append(list(versions(tmp_path)))
        write_warmup(*arguments)

    monkeypatch.setattr(saved_model, "_write_warmup", spy)
    export(model, tmp_path)
    assert seen == [[]]
    assert list(versions(tmp_path)) == [1]


def test_exports_at_the_same_time_get_their_own_versions(tmp_path):
    folders = []
    for index in range(8):
        folder = tmp_path / f".{index}"
        (folder / "x").mkdir(parents=True)
        folders.append(folder)
    threads = [
        threading.Thread(target=saved_model._publish, args=(f, tmp_path))
        for f in folders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(versions(tmp_path)) == list(range(1, 9))
