"""ACAI: a critic tells how far an image is mixed, and is to find it unmixed.

Berthelot, Raffel, Roy, Goodfellow, "Understanding and Improving Interpolation
in Autoencoders via an Adversarial Regularizer", arXiv:1807.07543, 2018.

With encoder f, decoder g, a critic whose mean output is d, a pair x_i, x_j,
and x^ = g(f(x)) of either,

    x_a = g((1 - a) f(x_i) + a f(x_j)),   a = 0.5 - |u - 0.5|,   u ~ U[0, 1]

the autoencoder minimises

    L_R + lambda_A L_A,   L_R = (x - x^)^2,   L_A = d(x_a)^2

and the critic

    (d(x_a) - a)^2 + d(x^ + gamma (x - x^))^2

a, in [0, 0.5], weighs the partner x_j, so that an unmixed image has a = 0,
which the critic is also to say of images between x^ and x. Every term is a
mean: over pairs, or both images of each, and L_R over pixels and channels.

Reference hyper-parameters: lambda_A = 0.5, gamma = 0.2, Adam at 1e-4 for both
players, batches of 64 images. Our 32 pairs are as many.

Deviations:

* Its public code mixes a f(x_i) + (1 - a) f(x_j): there x_j is the unmixed
  end. By symmetry it is the same; here a = 0 is x_i, as in every method.
* There a batch's partners are the batch in reverse, so that each pair is
  mixed twice; here both are drawn independently and mixed once.
* There images lie in [-1, 1], where the squared error is four times as large:
  its trade-off is lambda_A = 0.125 here.
* Networks are those that all methods share. There they are wider, fully
  convolutional, with leaky ReLU, average pooling, no sigmoid at the end and
  no batch normalisation; the critic has none here either.
* With a weight of 0 there is no critic: the plain autoencoder.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from aeai_tf import losses, networks
from aeai_tf.methods import base

ADVERSARIAL_TERMS = ("adversarial", "critic_interpolated", "critic_real")


def fold(u: tf.Tensor) -> tf.Tensor:
    """`0.5 - |u - 0.5|`: the smaller one of the weights u and 1 - u."""
    return 0.5 - tf.abs(u - 0.5)


class ACAI(base.InterpolationModel):
    """Adversarially constrained autoencoder interpolation."""

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        critic: keras.Model | None,
        *,
        lambda_adversarial: float = 0.5,
        critic_regularization: float = 0.2,
        reconstruction: Callable = losses.squared_error,
    ):
        """Takes built networks and weights.

        Args:
            encoder: f.
            decoder: g.
            critic: from images to `[batch, outputs]`, whose mean is d; None,
                and only then, if `lambda_adversarial` is 0.
            lambda_adversarial: weight of L_A.
            critic_regularization: gamma.
            reconstruction: that of L_R, from two image batches to a scalar.

        Raises:
            ValueError: a critic without its weight, or the reverse.
        """
        super().__init__(encoder, decoder)
        if (critic is not None) != bool(lambda_adversarial):
            raise ValueError("a critic and lambda_adversarial go together")
        self.critic = critic
        self.lambda_adversarial = lambda_adversarial
        self.critic_regularization = critic_regularization
        self.reconstruction = reconstruction

        self.players = {"autoencoder": ("encoder", "decoder")}
        self.term_names = ("reconstruction",)
        if lambda_adversarial:
            self.players["critic"] = ("critic",)
            self.term_names += ADVERSARIAL_TERMS

    @classmethod
    def from_settings(cls, config, reconstruction: Callable):
        """Builds it as `configs/acai.py` says."""
        critic = None
        if config.lambda_adversarial:
            critic = networks.encoder(
                config.image_size,
                config.latent_dim,
                **networks.shape(config),
                normalization=config.critic_normalization,
                name="critic",
            )
        return cls(
            *networks.autoencoder(config),
            critic,
            lambda_adversarial=config.lambda_adversarial,
            critic_regularization=config.critic_regularization,
            reconstruction=reconstruction,
        )

    def sample(self, seed, batch_size):
        """Draws "alpha", a, `[batch_size, 1]`, uniform on [0, 0.5]."""
        u = tf.random.stateless_uniform([batch_size, 1], seed)
        return {"alpha": fold(u)}

    def compute_terms(self, batch, training):
        """See the base class and the equations above."""
        x = tf.concat([batch["source"], batch["target"]], 0)
        z = self.encoder(x, training=training)
        x_hat = self.decoder(z, training=training)

        terms = {"reconstruction": self.reconstruction(x, x_hat)}
        if not self.lambda_adversarial:
            return terms, {"autoencoder": terms["reconstruction"]}

        alpha = batch["alpha"]
        z_i, z_j = tf.split(z, 2)
        x_a = self.decoder((1 - alpha) * z_i + alpha * z_j, training=training)
        d_a = self._judge(x_a, training)
        x_real = x_hat + self.critic_regularization * (x - x_hat)
        d_real = self._judge(x_real, training)
        terms["adversarial"] = tf.reduce_mean(tf.square(d_a))
        terms["critic_interpolated"] = losses.squared_error(alpha, d_a)
        terms["critic_real"] = tf.reduce_mean(tf.square(d_real))
        return terms, {
            "autoencoder": terms["reconstruction"]
            + self.lambda_adversarial * terms["adversarial"],
            "critic": terms["critic_interpolated"] + terms["critic_real"],
        }

    def _judge(self, images, training):
        """Returns d, `[batch, 1]`: the mean of all outputs of the critic."""
        outputs = self.critic(images, training=training)
        return tf.reduce_mean(outputs, 1, keepdims=True)
