"""A layer that mixes images in latent space while another model trains."""

import keras
import tensorflow as tf

from aeai_tf import runs
from aeai_tf.errors import UserError

PARTNERS = ("random", "nearest")
LABELS = ("mix", "pairs")


@keras.saving.register_keras_serializable("aeai_tf")
class LatentInterpolation(keras.layers.Layer):
    """Replaces images by interpolations between them and others of the batch.

    `x = g((1 - a) f(x_i) + a f(x_j))`, where x_j is another image of the
    batch and a is drawn for each image. Outside training images and labels
    pass through unchanged, as with Keras' own layers for augmentation: call it
    with `training=False`, or let `fit`, `evaluate` and `predict` do so.

        layer = LatentInterpolation.from_run("runs/x", seed=0)
        dataset.batch(32).map(layer)                # images, or with labels
        keras.Sequential([layer, my_network])       # images; labels unmixed

    The networks are copied, and never train here. They are saved with the
    layer. With one seed a new layer draws the same at its first call, its
    second, and so on; `dataset.map` keeps that order unless
    `num_parallel_calls` is given: then number the calls, as in
    `dataset.enumerate().map(lambda k, x: layer(x, call_number=k), 4)`.

    Attributes:
        encoder: the copy of f.
        decoder: the copy of g.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        rate: float = 1.0,
        concentration: float = 1.0,
        partner: str = "random",
        labels: str = "mix",
        seed: int | None = None,
        **options,
    ):
        """Takes trained networks.

        Args:
            encoder: model from images `[batch, height, width, 3]`, [0, 1], to
                latents `[batch, latent_dim]`; one that Keras can serialise.
            decoder: model from latents back to images.
            rate: the share of images that are replaced, on average, [0, 1].
            concentration: alpha is drawn from Beta(concentration,
                concentration): 1 is uniform, less prefers the ends.
            partner: "random", any image of the batch, or "nearest", the one
                whose latent is nearest: less varied, and less far from real
                images.
            labels: "mix", `(1 - a) y_i + a y_j`, which suits one-hot labels
                and numbers, but no angles; or "pairs", for those who mix
                losses instead, `(y_i, y_j, a)`.
            seed: of what is drawn; None for another every time.
            **options: of `keras.layers.Layer`.

        Raises:
            UserError: an argument that it cannot be.
        """
        super().__init__(**options)
        for name, value, allowed in (
            ("partner", partner, PARTNERS),
            ("labels", labels, LABELS),
        ):
            if value not in allowed:
                raise UserError(
                    f"{name}={value!r} is none of {', '.join(allowed)}"
                )
        if not 0 <= rate <= 1:
            raise UserError(f"rate={rate} must lie between 0 and 1")
        if not concentration > 0:
            raise UserError(f"concentration={concentration} must be above 0")
        self.encoder, self.decoder = _copy(encoder), _copy(decoder)
        self.rate = rate
        self.concentration = concentration
        self.partner = partner
        self.labels = labels
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.trainable = False
        self.built = True

    @classmethod
    def from_run(cls, folder: str, **arguments) -> "LatentInterpolation":
        """Makes a layer of the networks of a run.

        Args:
            folder: that aeai-train wrote.
            **arguments: of the layer, but for the networks.

        Raises:
            UserError: no run there, or none with a checkpoint.
        """
        _, model = runs.load(folder)
        return cls(
            model.in_use("encoder"), model.in_use("decoder"), **arguments
        )

    def call(
        self, images, labels=None, training: bool = True, call_number=None
    ):
        """Mixes a batch.

        Args:
            images: `[batch, height, width, 3]`, [0, 1].
            labels: `[batch, ...]`, numbers, or None.
            training: whether to mix at all.
            call_number: an integer: what is drawn then follows from it and
                the layer's seed alone, and not from earlier calls.

        Returns:
            The images; with labels a pair of images and labels, or of images
            and `(labels, those of the partners, alphas [batch])`.
        """
        if not training:
            alpha = tf.zeros(tf.shape(images)[:1])
            return _with_labels(images, labels, labels, alpha, self.labels)
        if call_number is None:
            # Keras' seeds are unsigned where TensorFlow's are not.
            seed = tf.cast(self.seed_generator.next(), tf.int32)
        else:
            number = tf.cast(call_number, tf.int64)
            seed = tf.random.fold_in([self.seed or 0, 0], number)
        seeds = tf.random.split(seed, 3)
        count = tf.shape(images)[0]
        latents = self.encoder(images, training=False)
        if self.partner == "nearest":
            others = _nearest(latents)
        else:
            others = tf.argsort(tf.random.stateless_uniform([count], seeds[0]))
        gamma = tf.random.stateless_gamma(
            [2, count], seeds[1], self.concentration
        )
        alpha = gamma[1] / tf.reduce_sum(gamma, axis=0)
        chosen = tf.random.stateless_uniform([count], seeds[2]) < self.rate
        alpha = tf.where(chosen, alpha, 0.0)
        mixed = _mix(latents, tf.gather(latents, others), alpha)
        decoded = tf.stop_gradient(self.decoder(mixed, training=False))
        images = tf.where(
            chosen[:, None, None, None], tf.cast(decoded, images.dtype), images
        )
        partners = None if labels is None else tf.gather(labels, others)
        return _with_labels(images, labels, partners, alpha, self.labels)

    def compute_output_spec(self, images, labels=None, **arguments):
        """Images keep their shape; labels are there or not."""
        del arguments
        spec = keras.KerasTensor(images.shape, images.dtype)
        if labels is None:
            return spec
        floats = keras.KerasTensor(labels.shape, "float32")
        if self.labels == "mix":
            return spec, floats
        same = keras.KerasTensor(labels.shape, labels.dtype)
        return spec, (same, same, keras.KerasTensor(labels.shape[:1]))

    def get_config(self) -> dict:
        """All arguments, the networks without their weights."""
        return super().get_config() | {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "rate": self.rate,
            "concentration": self.concentration,
            "partner": self.partner,
            "labels": self.labels,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> "LatentInterpolation":
        """The inverse of `get_config`."""
        networks = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("encoder", "decoder")
        }
        return cls(**{**config, **networks})


def _copy(network: keras.Model) -> keras.Model:
    copied = network.from_config(network.get_config())
    copied.set_weights(network.get_weights())
    return copied


def _nearest(latents: tf.Tensor) -> tf.Tensor:
    squares = tf.reduce_sum(tf.square(latents), axis=1)
    distances = squares - 2 * tf.matmul(latents, latents, transpose_b=True)
    itself = tf.fill(tf.shape(squares), distances.dtype.max)
    return tf.argmin(tf.linalg.set_diag(distances, itself), axis=1)


def _mix(source: tf.Tensor, target: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    source, target = (
        x if x.dtype.is_floating else tf.cast(x, alpha.dtype)
        for x in (source, target)
    )
    rank = source.shape.rank - 1
    alpha = tf.reshape(alpha, tf.concat([tf.shape(alpha), [1] * rank], 0))
    alpha = tf.cast(alpha, source.dtype)
    return (1 - alpha) * source + alpha * target


def _with_labels(images, labels, partners, alpha, how: str):
    if labels is None:
        return images
    if how == "pairs":
        return images, (labels, partners, alpha)
    return images, _mix(labels, partners, alpha)
