"""GAIA: generative adversarial interpolative autoencoding.

Sainburg et al., "Generative adversarial interpolative autoencoding:
adversarial training on latent space interpolations encourage convex latent
distributions", 2018; code: timsainb/GAIA. The equations are those of the code.

The generator G = g(f(x)) and the discriminator D are both autoencoders. For a
pair x_i, x_j and

    z_a = (1 - a) f(x_i) + a f(x_j),   x_a = g(z_a),   a ~ N(0.5, 0.25^2),

which extrapolates too, D is asked how well it restores real, reconstructed
and interpolated images,

    r = |x - D(x)|,   s = |x - D(G(x))|,   b = |x_a - D(x_a)|,

and minimises, with k = 20 and sigma = 0.5,

    clip(r - q (s + b) / 2, -1, 1),
    q = clip(sigmoid(k (sigma b - r)), 0, 0.9);

the generator, with w = 5e-5,

    clip(p b + (1 - p) s + w dist, -1, 1),   p = sigmoid(k (b - s)),

    dist = (log(1 + d_x / mean d_x) - log(1 + d_z / mean d_z))^2

where d_x, d_z are the mean squared differences of any two images of the
batch, and of their latents. Gradients flow through p and q. The sigmoids take
the place of BEGAN's integrator, also in the learning rates:

    lr_D = lr_max sigmoid(k (r - (s + b) / 2)),   lr_G = lr_max - lr_D.

Nobody minimises |x - G(x)|: "reconstruction", its mean squared error, is
logged to compare with other methods.

Reference hyper-parameters: those above, lr_max = 1e-4, batches of 8 images,
Adam with epsilon = 1, instance and layer normalisation.

Deviations:

* Adam's epsilon is Keras' own, 1e-7. With 1 it is all but gradient descent
  with momentum, which at 1e-4 is slow: the reference trains for days.
* The networks that all methods share, for G and D, with one latent. The
  reference's are about twice as large and split it into content and style.
* Every image is in one pair: 2 B images give B interpolations. The code pairs
  the halves of a batch twice, which gives as many as images. The paper writes
  a variance of 0.25 where the code has a standard deviation of 0.25.
"""

from types import MappingProxyType

import keras
import tensorflow as tf

from aeai_tf import interpolation, losses, networks, replicas
from aeai_tf.methods import base


class GAIA(base.InterpolationModel):
    """Generative adversarial interpolative autoencoder."""

    players = MappingProxyType(
        {
            "autoencoder": ("encoder", "decoder"),
            "discriminator": (
                "discriminator_encoder",
                "discriminator_decoder",
            ),
        }
    )
    term_names = (
        "reconstruction",
        "discriminator_real",
        "discriminator_reconstructed",
        "discriminator_interpolated",
        "distance",
        "generator",
        "discriminator",
        "learning_rate_autoencoder",
        "learning_rate_discriminator",
    )

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator_encoder: keras.Model,
        discriminator_decoder: keras.Model,
        *,
        learning_rate: float = 1e-4,
        lambda_distance: float = 5e-5,
        balance_slope: float = 20.0,
        discriminator_share: float = 0.5,
    ):
        """Takes built networks and what the module's docstring names.

        Args:
            encoder: f.
            decoder: g.
            discriminator_encoder: of D; like f.
            discriminator_decoder: of D; like g.
            learning_rate: lr_max, the sum of both players' rates.
            lambda_distance: w.
            balance_slope: k.
            discriminator_share: sigma: the smaller, the more D cares to
                restore real images rather than to spoil generated ones.
        """
        super().__init__(encoder, decoder)
        self.discriminator_encoder = discriminator_encoder
        self.discriminator_decoder = discriminator_decoder
        self.learning_rate = learning_rate
        self.lambda_distance = lambda_distance
        self.balance_slope = balance_slope
        self.discriminator_share = discriminator_share

    @classmethod
    def from_settings(cls, config, reconstruction: None):
        """Builds it as `configs/gaia.py` says."""
        del reconstruction  # No term of GAIA.
        sizes = (config.image_size, config.latent_dim)
        options = networks.shape(config)
        options["normalization"] = config.discriminator_normalization
        return cls(
            *networks.autoencoder(config),
            networks.encoder(*sizes, name="discriminator_encoder", **options),
            networks.decoder(*sizes, name="discriminator_decoder", **options),
            learning_rate=config.learning_rate,
            lambda_distance=config.lambda_distance,
            balance_slope=config.balance_slope,
            discriminator_share=config.discriminator_share,
        )

    def sample(self, seed, batch_size):
        """Draws "alpha", `[batch_size, 1]`, normal, about 5% beyond [0, 1]."""
        normal = tf.random.stateless_normal([batch_size, 1], seed)
        return {"alpha": 0.5 + 0.25 * normal}

    def compute_terms(self, batch, training):
        """See the base class and the module's docstring."""
        x = tf.concat([batch["source"], batch["target"]], 0)
        z = self.encoder(x, training=training)
        x_hat = self.decoder(z, training=training)
        z_a = interpolation.lerp(*tf.split(z, 2), batch["alpha"])[:, 0]
        x_a = self.decoder(z_a, training=training)
        d_x, d_x_hat, d_x_a = self._discriminate(x, x_hat, x_a, training)

        # Of the whole batch: neither objective is a mean over its images.
        r, s, b = replicas.mean(
            [
                losses.absolute_error(x, d_x),
                losses.absolute_error(x, d_x_hat),
                losses.absolute_error(x_a, d_x_a),
            ]
        )
        distance = distance_loss(replicas.gather(x), replicas.gather(z))
        p = self._balance(b - s)
        generator = p * b + (1 - p) * s + self.lambda_distance * distance
        q = tf.clip_by_value(
            self._balance(self.discriminator_share * b - r), 0.0, 0.9
        )
        discriminator = r - q * (s + b) / 2
        rate = self.learning_rate * self._balance(r - (s + b) / 2)
        terms = {
            "reconstruction": losses.squared_error(x, x_hat),
            "discriminator_real": r,
            "discriminator_reconstructed": s,
            "discriminator_interpolated": b,
            "distance": distance,
            "generator": tf.clip_by_value(generator, -1.0, 1.0),
            "discriminator": tf.clip_by_value(discriminator, -1.0, 1.0),
            "learning_rate_autoencoder": self.learning_rate - rate,
            "learning_rate_discriminator": rate,
        }
        return terms, {
            "autoencoder": terms["generator"],
            "discriminator": terms["discriminator"],
        }

    def learning_rates(self, terms):
        """See the base class and the module's docstring."""
        return {p: terms[f"learning_rate_{p}"] for p in self.players}

    def _discriminate(self, x, x_hat, x_a, training):
        """Applies D to all in one call.

        Batch normalisation would take its statistics over the three kinds
        together.
        """
        images = tf.concat([x, x_hat, x_a], 0)
        z = self.discriminator_encoder(images, training=training)
        restored = self.discriminator_decoder(z, training=training)
        pairs = tf.shape(x_a)[0]
        return tf.split(restored, [2 * pairs, 2 * pairs, pairs])

    def _balance(self, difference: tf.Tensor) -> tf.Tensor:
        return tf.sigmoid(self.balance_slope * difference)


def distance_loss(x: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    """The term dist of the module's docstring, a scalar.

    Args:
        x: `[batch, ...]`.
        z: `[batch, latent_dim]`.
    """
    near_x, near_z = (tf.math.log1p(_pairwise(points)) for points in (x, z))
    return losses.squared_error(near_x, near_z)


def _pairwise(points: tf.Tensor) -> tf.Tensor:
    """Squared distances, `[batch, batch]`, divided by their mean.

    By way of inner products, since all differences of large images would not
    fit into memory; of centred points, so that little is lost in rounding. If
    all points are the same, all distances are 0.
    """
    flat = tf.reshape(points, [tf.shape(points)[0], -1])
    flat -= tf.reduce_mean(flat, 0)
    products = tf.matmul(flat, flat, transpose_b=True)
    squares = tf.linalg.diag_part(products)
    distances = squares[:, tf.newaxis] - 2 * products + squares
    distances = tf.nn.relu(distances)
    return tf.math.divide_no_nan(distances, tf.reduce_mean(distances))
