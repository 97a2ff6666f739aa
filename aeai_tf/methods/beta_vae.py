"""beta-VAE: a variational autoencoder whose prior weighs more.

Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained
Variational Framework", ICLR 2017; reference: disentanglement_lib (Locatello et
al. 2019).

With an encoder to the mean m and the log-variance s of the posterior of every
latent coordinate, decoder g and noise e ~ N(0, I),

    z = m + exp(s / 2) e,   x^ = g(z)

minimises, for each image,

    -log p(x | z) + beta KL(N(m, exp(s)) || N(0, I))
    -log p(x | z) = -[x log x^ + (1 - x) log(1 - x^)]
    KL = (m^2 + exp(s) - s - 1) / 2

the reference with the likelihood summed over pixels and channels and KL over
latent coordinates. Here, as in all methods, either term is a mean, over those
and both images of a pair and the batch, so that

    L = L_R + beta (latent_dim / (height width channels)) L_KL

which is the reference's objective divided by height * width * channels. For
beta = 4, images of 64 x 64 x 3 and 256 latent coordinates the weight of L_KL
is 4 * 256 / 12288 = 1/12; of KL summed over the coordinates it would be
4 / 12288, about 3.3e-4. beta = 1 is the variational autoencoder.

Encoding and interpolation use the posterior's mean, never a sample.

Reference hyper-parameters: Bernoulli likelihood, beta one of 1, 2, 4, 6, 8 and
16, 10 latent coordinates, Adam at 1e-4, batches of 64 images. Our 32 pairs are
as many.

Deviations:

* The encoder and the decoder are those that all methods share, with their
  latent_dim and their batch normalisation; the encoder's head is twice as
  wide.
* The likelihood is of the decoder's sigmoid and not of logits, which
  `losses.bernoulli` keeps finite.
* Another `reconstruction` takes the likelihood's place at the same weight:
  with "mse" it is Gaussian of variance 1/2, without its constant.
* The squared error is logged as well, to compare methods by: the Bernoulli
  likelihood of grey pixels does not end at 0.
"""

from collections.abc import Callable
from types import MappingProxyType

import keras
import numpy as np
import tensorflow as tf

from aeai_tf import losses, networks
from aeai_tf.methods import base


class BetaVAE(base.InterpolationModel):
    """Variational autoencoder with a weight on its prior.

    Attributes:
        posterior: model from images to `[batch, 2 * latent_dim]`, means and
            log-variances.
        encoder: the same layers, means only.
    """

    players = MappingProxyType({"autoencoder": ("posterior", "decoder")})
    term_names = ("reconstruction", "kl", "squared_error")

    def __init__(
        self,
        posterior: keras.Model,
        decoder: keras.Model,
        *,
        beta: float = 4.0,
        reconstruction: Callable = losses.bernoulli,
    ):
        """Takes built networks and the weight of the prior.

        Args:
            posterior: see the class.
            decoder: g.
            beta: weight of the summed KL against the summed likelihood.
            reconstruction: from two image batches to a scalar, a mean.
        """
        mean, _ = keras.ops.split(posterior.output, 2, axis=-1)
        encoder = keras.Model(posterior.input, mean, name="encoder")
        super().__init__(encoder, decoder)
        self.posterior = posterior
        self.reconstruction = reconstruction
        pixels = np.prod(decoder.output_shape[1:])
        self.kl_weight = float(beta * self.latent_dim / pixels)

    @classmethod
    def from_settings(cls, config, reconstruction: Callable):
        """Builds it as `configs/beta_vae.py` says."""
        size, latent_dim = config.image_size, config.latent_dim
        options = networks.shape(config)
        options["normalization"] = config.normalization
        return cls(
            networks.encoder(size, 2 * latent_dim, name="posterior", **options),
            networks.decoder(size, latent_dim, **options),
            beta=config.beta,
            reconstruction=reconstruction,
        )

    def sample(self, seed, batch_size):
        """Draws "noise", e, `[batch_size, 2, latent_dim]`, standard normal."""
        shape = [batch_size, 2, self.latent_dim]
        return {"noise": tf.random.stateless_normal(shape, seed)}

    def compute_terms(self, batch, training):
        """See the base class and the equations above."""
        x = tf.concat([batch["source"], batch["target"]], 0)
        noise = tf.concat(tf.unstack(batch["noise"], axis=1), 0)
        m, s = tf.split(self.posterior(x, training=training), 2, axis=-1)
        z = m + tf.exp(s / 2) * noise
        x_hat = self.decoder(z, training=training)

        kl = (tf.square(m) + tf.exp(s) - s - 1) / 2
        terms = {
            "reconstruction": self.reconstruction(x, x_hat),
            "kl": tf.reduce_mean(kl),
            "squared_error": losses.squared_error(x, x_hat),
        }
        objective = terms["reconstruction"] + self.kl_weight * terms["kl"]
        return terms, {"autoencoder": objective}
