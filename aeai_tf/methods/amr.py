"""AMR: adversarial mixup resynthesis.

Beckham et al., "On Adversarial Mixup Resynthesis", NeurIPS 2019; reference
code: christopher-beckham/amr.

With encoder f, decoder g, discriminator D (logits), x^ = g(f(x)), a pair
x_i, x_j, and

    z_m = (1 - m) f(x_i) + m f(x_j),   x_m = g(z_m)

where m is drawn by a mixer, the autoencoder minimises

    lambda |x - x^| - log sigmoid(D(x^)) - log sigmoid(D(x_m))
        + beta |f(x_m) - z_m|

and the discriminator

    -log sigmoid(D(x)) - log(1 - sigmoid(D(x^))) - log(1 - sigmoid(D(x_m))).

Mixers, p ~ U[0, 1]:

* "mixup": m = p, one for each pair.
* "bernoulli": every coordinate of m is 1 with probability p, else 0; one p
  for each pair.
* "bernoulli_batch": the same with one p for the whole batch; the code's
  "fm2", with which its Bernoulli experiments were run.

They concern training alone: interpolation is along the straight line.

Reference hyper-parameters: lambda mostly 10, beta 0; Adam at 1e-4, betas 0.5
and 0.99, L2 weight decay 1e-5; batches of 64; five updates of the
discriminator for one of the autoencoder; spectral normalisation in the
discriminator, instance normalisation in the autoencoder, leaky ReLU in both.

Deviations:

* A step here is one update of the autoencoder and `discriminator_steps` of
  the discriminator, each on a batch of its own, so that the steps of all
  methods mean the same. The reference calls a batch a step and moves the
  autoencoder at every fifth. The ratio is the same; so are the gradients,
  which it too takes before either player has moved.
* Images in [0, 1] and a sigmoid, as in all methods here, where the reference
  has [-1, 1]: its absolute error is twice ours, its lambda of 10 would be 20
  here. The default remains the published number.
* The distance of the beta term stays absolute; in the code it is that of the
  lambda term, absolute by default.
* The code's "fm" draws a p for every coordinate of every pair, which is the
  toss of a fair coin for each; "bernoulli" has a p for each pair.
* Pairs are drawn, not made by permuting the batch: 2 B images give B mixes
  here, as many mixes as images there.
* The networks that all methods share, without weight decay. Every term is a
  mean, as it is there.
"""

from collections.abc import Callable
from types import MappingProxyType

import keras
import tensorflow as tf

from aeai_tf import losses, networks
from aeai_tf.methods import base

MIXERS = ("mixup", "bernoulli", "bernoulli_batch")


class AMR(base.InterpolationModel):
    """Adversarial mixup resynthesis."""

    players = MappingProxyType(
        {
            "autoencoder": ("encoder", "decoder"),
            "discriminator": ("discriminator",),
        }
    )

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator: keras.Model,
        *,
        mixer: str = "mixup",
        lambda_reconstruction: float = 10.0,
        beta_consistency: float = 0.0,
        discriminator_steps: int = 5,
        reconstruction: Callable = losses.absolute_error,
    ):
        """Takes built networks and what the module's docstring names.

        Args:
            encoder: f.
            decoder: g.
            discriminator: D, from images to logits `[batch, 1]`.
            mixer: "mixup", "bernoulli" or "bernoulli_batch".
            lambda_reconstruction: lambda.
            beta_consistency: beta; 0 removes its term altogether.
            discriminator_steps: updates of D for one of f and g.
            reconstruction: from two image batches to a scalar.

        Raises:
            ValueError: there is no such mixer.
        """
        super().__init__(encoder, decoder)
        if mixer not in MIXERS:
            raise ValueError(f"mixer must be one of {MIXERS}, not {mixer!r}")
        self.discriminator = discriminator
        self.mixer = mixer
        self.lambda_reconstruction = lambda_reconstruction
        self.beta_consistency = beta_consistency
        self.reconstruction = reconstruction

        self.updates = {"discriminator": discriminator_steps}
        self.term_names = (
            "reconstruction",
            "adversarial_reconstruction",
            "adversarial_mix",
            *(["consistency"] if beta_consistency else []),
            "discriminator",
            "discriminator_accuracy",
        )

    @classmethod
    def from_settings(cls, config, reconstruction: Callable):
        """Builds it as `configs/amr.py` says."""
        return cls(
            *networks.autoencoder(config),
            networks.discriminator(
                config.image_size,
                **networks.shape(config),
                normalization=config.discriminator_normalization,
            ),
            mixer=config.mixer,
            lambda_reconstruction=config.lambda_reconstruction,
            beta_consistency=config.beta_consistency,
            discriminator_steps=config.discriminator_steps,
            reconstruction=reconstruction,
        )

    def sample(self, seed, batch_size):
        """Draws "mix", m, the weights of the targets' latents.

        `[batch_size, 1]` of mixup, else `[batch_size, latent_dim]`.
        """
        p_seed, m_seed = tf.unstack(tf.random.split(seed, 2))
        rows = 1 if self.mixer == "bernoulli_batch" else batch_size
        p = tf.random.stateless_uniform([rows, 1], p_seed)
        if self.mixer == "mixup":
            return {"mix": p}
        shape = [batch_size, self.latent_dim]
        tosses = tf.random.stateless_uniform(shape, m_seed)
        return {"mix": tf.cast(tosses < p, tf.float32)}

    def compute_terms(self, batch, training):
        """See the base class and the module's docstring."""
        x, m = tf.concat([batch["source"], batch["target"]], 0), batch["mix"]
        z = self.encoder(x, training=training)
        x_hat = self.decoder(z, training=training)
        z_i, z_j = tf.split(z, 2)
        z_m = (1.0 - m) * z_i + m * z_j
        x_m = self.decoder(z_m, training=training)
        real, reconstructed, mixed = self._discriminate(x, x_hat, x_m, training)

        terms = {
            "reconstruction": self.reconstruction(x, x_hat),
            "adversarial_reconstruction": losses.real_logits(reconstructed),
            "adversarial_mix": losses.real_logits(mixed),
            "discriminator": losses.real_logits(real)
            + losses.generated_logits(reconstructed)
            + losses.generated_logits(mixed),
            "discriminator_accuracy": losses.discriminator_accuracy(
                real, tf.concat([reconstructed, mixed], 0)
            ),
        }
        objective = (
            self.lambda_reconstruction * terms["reconstruction"]
            + terms["adversarial_reconstruction"]
            + terms["adversarial_mix"]
        )
        if self.beta_consistency:
            z_cycle = self.encoder(x_m, training=training)
            terms["consistency"] = losses.absolute_error(z_m, z_cycle)
            objective += self.beta_consistency * terms["consistency"]
        return terms, {
            "autoencoder": objective,
            "discriminator": terms["discriminator"],
        }

    def _discriminate(self, x, x_hat, x_m, training):
        """Judges all in one call: one power iteration an update.

        Batch normalisation would take its statistics over the three kinds
        together.
        """
        images = tf.concat([x, x_hat, x_m], 0)
        logits = self.discriminator(images, training=training)
        pairs = tf.shape(x_m)[0]
        return tf.split(logits, [2 * pairs, 2 * pairs, pairs])
