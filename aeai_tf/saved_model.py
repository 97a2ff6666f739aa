"""Exports a model's two networks for TensorFlow Serving.

TensorFlow Serving runs a SavedModel in a TensorFlow 1 session, where
`model.export` would store every weight twice, and a saved `keras.Model` does
not run at all. An `ExportArchive` that tracks nothing stores exactly the
variables that its endpoints read: the encoder's and the decoder's.

The first dimension of every input and output is the batch, so that a server
may merge requests.
"""

import contextlib
import json
import pathlib
import shutil
import uuid

import keras
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

import aeai_tf
from aeai_tf import errors
from aeai_tf.versions import versions

SIGNATURES = (
    "interpolate",
    "encode",
    "decode",
    "interpolate_encoded",
    "describe",
)
WARMUP_STEPS = 9
MAX_PIXELS = 2**26  # 8,192 x 8,192, of which a server holds 200 MB at a time.
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"  # What files begin with.
JPEG = b"\xff\xd8\xff"


def export(
    model: keras.Model,
    out_dir: str,
    *,
    image_size: int,
    metadata: dict,
) -> str:
    """Writes the next version of a served model: `out_dir/1`, `/2`, ...

    A version appears whole or not at all. Its signatures, with images
    `[batch, image_size, image_size, 3]` float32 in [0, 1]:

    - `interpolate`, also `serving_default`: source, target (images), alpha
      `[batch, steps]` float32 -> images `[batch, steps, image_size,
      image_size, 3]`. Alphas outside [0, 1] extrapolate; those that are not
      finite are refused.
    - `encode`: images -> latents `[batch, latent_dim]`.
    - `decode`: latents -> images.
    - `interpolate_encoded`: source, target `[batch]` (the bytes of PNG or
      JPEG files of up to `MAX_PIXELS`, which are squeezed to the model's
      size; an alpha channel is dropped; what is no such file is refused by
      its place in the batch), alpha -> images `[batch, steps]`, the bytes of
      PNG files.
    - `describe`: request `[batch]` (any strings) -> json `[batch]`, the
      metadata; the same stands in `assets.extra/aeai.json`.

    Args:
        model: has `latent_dim`, and `encode`, `decode` and `interpolate` in
            TensorFlow.
        out_dir: base path of the served model; made if absent.
        image_size: height and width in pixels.
        metadata: what else `describe` tells, such as `method` and
            `data_set`; goes through JSON.

    Returns:
        The path of the new version.

    Raises:
        errors.UserError: the files cannot be written (a full disk, say).
        OSError: `out_dir` cannot be made.
    """
    latent_dim = model.latent_dim
    description = json.dumps(
        {
            **metadata,
            "image_size": image_size,
            "latent_dim": latent_dim,
            "value_range": [0, 1],
            "aeai_tf_version": aeai_tf.__version__,
        }
    )
    out = pathlib.Path(out_dir)
    absent = [path for path in (out, *out.parents) if not path.exists()]
    # No whole number, so no server takes it for a version.
    temporary = out / f".{uuid.uuid4().hex}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        archive = _archive(model, image_size, latent_dim, description)
        archive.write_out(str(temporary), verbose=False)
        extra = temporary / "assets.extra"
        extra.mkdir()
        (extra / "aeai.json").write_text(description + "\n")
        _write_warmup(extra, image_size, latent_dim)
        return str(_publish(temporary, out))
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):
            for path in absent:
                path.rmdir()
        if isinstance(error, tf.errors.OpError):
            raise errors.UserError(
                f"cannot write the model below {out_dir}: {error.message}"
            ) from error
        raise


class _Shared:
    """A model whose endpoints share one graph each of encoder and decoder.

    Traced into every endpoint anew, those would be a tenth of the file.
    """

    def __init__(self, model, image, latent):
        def shared(function, spec):
            spec = [tf.TensorSpec(**spec)]
            return tf.function(function, input_signature=spec, autograph=False)

        self._model = model
        self.encode = shared(model.encode, image)
        self.decode = shared(model.decode, latent)

    def __getattr__(self, name):
        return getattr(self._model, name)

    def interpolate(self, source, target, alpha):
        images = type(self._model).interpolate(self, source, target, alpha)
        return tf.ensure_shape(images, [None, None, *source.shape[1:]])


def _archive(model, image_size, latent_dim, description):
    image = {"shape": [None, image_size, image_size, 3], "dtype": tf.float32}
    alpha = {"shape": [None, None], "dtype": tf.float32}
    latent = {"shape": [None, latent_dim], "dtype": tf.float32}
    text = {"shape": [None], "dtype": tf.string}
    model = _Shared(model, image, latent)

    def interpolate(source, target, alpha):
        alpha = _checked(alpha, source, target)
        return {"images": model.interpolate(source, target, alpha)}

    def encode(images):
        return {"latents": model.encode(images)}

    def decode(latents):
        return {"images": model.decode(latents)}

    def interpolate_encoded(source, target, alpha):
        alpha = _checked(alpha, source, target)
        source = _read_images("source", source, image_size)
        target = _read_images("target", target, image_size)
        images = model.interpolate(source, target, alpha)
        pixels = tf.round(tf.clip_by_value(images, 0.0, 1.0) * 255.0)
        return {"images": tf.io.encode_png(tf.cast(pixels, tf.uint8))}

    def describe(request):
        return {"json": tf.fill(tf.shape(request), description)}

    archive = keras.export.ExportArchive()
    for endpoint, inputs in (  # The first is `serving_default` too.
        (interpolate, {"source": image, "target": image, "alpha": alpha}),
        (encode, {"images": image}),
        (decode, {"latents": latent}),
        (
            interpolate_encoded,
            {"source": text, "target": text, "alpha": alpha},
        ),
        (describe, {"request": text}),
    ):
        archive.add_endpoint(
            endpoint.__name__,
            endpoint,
            [tf.TensorSpec(**spec, name=name) for name, spec in inputs.items()],
        )
    return archive


def _checked(alpha, source, target):
    rows = tf.shape(alpha)[0]
    for name, images in (("source", source), ("target", target)):
        tf.debugging.assert_equal(
            tf.shape(images)[0],
            rows,
            f"alpha needs as many rows as {name} has images",
        )
    return tf.debugging.check_numerics(alpha, "alpha must be finite")


def _read_images(name, encoded, image_size):
    def read(item):
        index, data = item
        what = tf.strings.join([name, "[", tf.strings.as_string(index), "] "])
        size = _image_size(what, data)
        fits = tf.reduce_all(size > 0) & (tf.reduce_prod(size) <= MAX_PIXELS)
        text = tf.strings.join(
            [
                what,
                "has ",
                tf.strings.reduce_join(
                    tf.strings.as_string(size), separator=" x "
                ),
                f" pixels; an image may have {MAX_PIXELS}",
            ]
        )
        with tf.control_dependencies([tf.debugging.Assert(fits, [text])]):
            data = tf.identity(data)
        image = tf.io.decode_image(data, channels=3, expand_animations=False)
        # Resized as bytes: as floats, a large image would take four times that.
        image = tf.image.resize(image, [image_size] * 2, antialias=True)
        return image / 255.0

    one = tf.TensorSpec([image_size, image_size, 3], tf.float32)
    items = tf.range(tf.size(encoded)), encoded
    # One at a time, so that a batch of large ones takes no more than one.
    return tf.map_fn(
        read, items, fn_output_signature=one, parallel_iterations=1
    )


def _image_size(what, data):
    """Reads width and height from a header, before anything is decoded."""
    start = tf.strings.substr(data, 0, tf.minimum(24, tf.strings.length(data)))
    start = tf.strings.join([start, 24 * b"\0"])
    # What a PNG ends with is looked for, to name the item that was cut.
    is_png = (tf.strings.substr(start, 0, 16) == PNG) & (
        tf.strings.regex_full_match(data, rb"\C*IEND\C*")
    )
    is_jpeg = tf.strings.substr(start, 0, 3) == JPEG
    no_image = tf.strings.join([what, "is no PNG or JPEG image"])
    is_image = tf.debugging.Assert(is_png | is_jpeg, [no_image])
    with tf.control_dependencies([is_image]):
        # The other branch does not run: it would fail without a name.
        return tf.cond(
            is_jpeg,
            lambda: tf.cast(tf.io.extract_jpeg_shape(data)[1::-1], tf.int64),
            lambda: tf.cast(
                tf.io.decode_raw(
                    tf.strings.substr(start, 16, 8),
                    tf.int32,
                    little_endian=False,
                ),
                tf.int64,
            ),
        )


def _write_warmup(extra, image_size, latent_dim):
    # One value with a shape: a tensor of that value everywhere, but small.
    image = tf.make_tensor_proto(0.5, shape=[1, image_size, image_size, 3])
    latent = tf.make_tensor_proto(0.0, tf.float32, [1, latent_dim])
    alpha = tf.make_tensor_proto(0.5, shape=[1, WARMUP_STEPS])
    png = tf.io.encode_png(tf.zeros([image_size, image_size, 3], tf.uint8))
    png = tf.make_tensor_proto([png.numpy()])
    pair = {"source": image, "target": image, "alpha": alpha}
    requests = {
        "serving_default": pair,
        "interpolate": pair,
        "encode": {"images": image},
        "decode": {"latents": latent},
        "interpolate_encoded": {"source": png, "target": png, "alpha": alpha},
    }
    path = str(extra / "tf_serving_warmup_requests")
    with tf.io.TFRecordWriter(path) as writer:
        for signature, inputs in requests.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.signature_name = signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(value)
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request)
            )
            writer.write(log.SerializeToString())


def _publish(temporary, out):
    while True:
        version = out / str(max(versions(out), default=0) + 1)
        try:
            return temporary.rename(version)
        except OSError:
            if not version.exists():  # Else another export was faster.
                raise
