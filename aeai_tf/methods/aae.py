"""AAE: an autoencoder whose latents an adversary makes look like a prior.

Makhzani, Shlens, Jaitly, Goodfellow, Frey, "Adversarial Autoencoders",
arXiv:1511.05644, 2015, with a deterministic encoder and a normal prior.

With encoder f, decoder g, a discriminator D_z (logits) of latents,

    z = f(x),   x^ = g(z),   p ~ N(0, I)

the autoencoder minimises

    L_R + lambda_A L_A
    L_R = d(x, x^)
    L_A = -log sigmoid(D_z(z))

and the discriminator -log sigmoid(D_z(p)) - log(1 - sigmoid(D_z(z))): the
prior is real, latents are generated. Every term is a mean over both images of
a pair and the batch, and L_R over pixels and channels.

Reference hyper-parameters, of the authors of ACAI (Berthelot et al. 2018),
whose public code has AAE as a baseline: d the mean squared error, lambda_A =
1, D_z with two layers of 100 units and leaky ReLU, Adam at 1e-4 for both
players, batches of 64 images. Our 32 pairs are as many.

Deviations:

* The paper alternates on every mini-batch between a phase of reconstruction
  and one of regularisation. Here, as in that code, both players move at once.
* There images lie in [-1, 1], where the squared error is four times as large:
  its trade-off is lambda_A = 0.25 here.
* The encoder and the decoder are those that all methods share; that code has
  wider ones with leaky ReLU, without batch normalisation and without a
  sigmoid at the end.
* With a weight of 0 there is no discriminator: the plain autoencoder.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from aeai_tf import losses, networks
from aeai_tf.methods import base


def latent_discriminator(latent_dim: int) -> keras.Model:
    """Builds D_z: latents to one logit each, `[batch, 1]`; real is positive.

    Args:
        latent_dim: length of a latent.
    """
    latents = keras.Input([latent_dim], name="latents")
    x = latents
    for units in (100, 100):
        x = keras.layers.Dense(units)(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
    x = keras.layers.Dense(1, name="head")(x)
    return keras.Model(latents, x, name="discriminator")


class AAE(base.InterpolationModel):
    """Adversarial autoencoder."""

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator: keras.Model | None,
        *,
        lambda_adversarial: float = 1.0,
        reconstruction: Callable = losses.squared_error,
    ):
        """Takes built networks and the weight of the adversarial term.

        Args:
            encoder: f.
            decoder: g.
            discriminator: D_z, from latents to logits `[batch, 1]`; None, and
                only then, if `lambda_adversarial` is 0.
            lambda_adversarial: weight of L_A.
            reconstruction: d, from two image batches to a scalar.

        Raises:
            ValueError: a discriminator without its weight, or the reverse.
        """
        super().__init__(encoder, decoder)
        if (discriminator is not None) != bool(lambda_adversarial):
            raise ValueError(
                "a discriminator is needed if lambda_adversarial is not 0, "
                "and only then"
            )
        self.discriminator = discriminator
        self.lambda_adversarial = lambda_adversarial
        self.reconstruction = reconstruction

        self.players = {"autoencoder": ("encoder", "decoder")}
        self.term_names = ("reconstruction",)
        if lambda_adversarial:
            self.players["discriminator"] = ("discriminator",)
            self.term_names += (
                "adversarial",
                "discriminator",
                "discriminator_accuracy",
            )

    @classmethod
    def from_settings(cls, config, reconstruction: Callable):
        """Builds it as `configs/aae.py` says."""
        discriminator = None
        if config.lambda_adversarial:
            discriminator = latent_discriminator(config.latent_dim)
        return cls(
            *networks.autoencoder(config),
            discriminator,
            lambda_adversarial=config.lambda_adversarial,
            reconstruction=reconstruction,
        )

    def sample(self, seed, batch_size):
        """Draws "prior", p, `[batch_size, 2, latent_dim]`, standard normal."""
        shape = [batch_size, 2, self.latent_dim]
        return {"prior": tf.random.stateless_normal(shape, seed)}

    def compute_terms(self, batch, training):
        """See the base class and the equations above."""
        x = tf.concat([batch["source"], batch["target"]], 0)
        z = self.encoder(x, training=training)
        x_hat = self.decoder(z, training=training)

        terms = {"reconstruction": self.reconstruction(x, x_hat)}
        if not self.lambda_adversarial:
            return terms, {"autoencoder": terms["reconstruction"]}

        prior = tf.reshape(batch["prior"], [-1, self.latent_dim])
        real = self.discriminator(prior, training=training)
        generated = self.discriminator(z, training=training)
        terms["adversarial"] = losses.real_logits(generated)
        terms["discriminator"] = losses.real_logits(
            real
        ) + losses.generated_logits(generated)
        terms["discriminator_accuracy"] = losses.discriminator_accuracy(
            real, generated
        )
        return terms, {
            "autoencoder": terms["reconstruction"]
            + self.lambda_adversarial * terms["adversarial"],
            "discriminator": terms["discriminator"],
        }
