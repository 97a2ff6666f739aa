"""AEAI: interpolation by shaping the latent space.

"Autoencoder Image Interpolation by Shaping the Latent Space", submitted to
ICLR 2021. Equation numbers and sections are the paper's.

With encoder f, decoder g, discriminator D (logits), a pair x_i, x_j, and

    z_a = (1 - a) f(x_i) + a f(x_j),   x_a = g(z_a),   a ~ U[0, 1]

the autoencoder minimises, section 2.1,

    L   = L_R + lambda_A L_A + lambda_C L_C + lambda_S L_S              (1)
    L_R = d(x_i, g(f(x_i))) + d(x_j, g(f(x_j)))
    L_A = -log sigmoid(D(x_a))
    L_C = (z_a - f(x_a))^2
    L_S = (d x_a / d a)^2

and the discriminator, at every step, -log sigmoid(D(x)) - log(1 -
sigmoid(D(x_a))), real against interpolated images.

Reference hyper-parameters: lambda_A = lambda_C = 1e-2, lambda_S = 1e-1,
latents of length 256 (sections 2.3 and 4.2). Optimiser, rates, batch, steps
and image size were not published.

Deviations:

* The paper sums and does not say over what it averages. Here every term is a
  mean over batch, alphas, and pixels and channels or latent coordinates, so
  that weights do not depend on sizes.
* The paper's sums run over M + 1 fixed alphas, its section 2.3 draws one at
  random; here `num_alphas` are drawn for each pair, from as many equal parts.
* Off by default, for what they mend: L_C over the variance of the batch's
  latents (`relative_cycle`), since the plain one rewards latents that shrink;
  in place of L_S the variance of the speed |d x_a / d a| along each line over
  the square of its mean (`relative_smoothness`), since the plain one rewards
  short ways, which cross-fades are, as much as an even pace; the speed over
  the spacing of the training images around x_a (`pace_in_images`), since on
  images that are spread evenly over their conditions, as a turntable's are, an
  even pace in pixels is none in degrees;
  an R1 penalty of D, (lambda_R1 / 2) |d D(x) / d x|^2 (Mescheder et al. 2018,
  equation 9), since D sees few real images; and a `schedule`: added terms come
  in, with D's rate, once the reconstruction stands, and fade later.
* A weight of 0 removes its term altogether, which makes the ablations of
  figures 12 to 15 as fast as they can be; without the adversarial term there
  is no discriminator.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from aeai_tf import interpolation, losses, networks, replicas, spacing
from aeai_tf.data import neighbors
from aeai_tf.methods import base
from aeai_tf.methods.schedule import Schedule

# The weight that each of the paper's ablations sets to 0.
ABLATED = {
    "no_discriminator": "lambda_adversarial",
    "no_cycle": "lambda_cycle",
    "no_smoothness": "lambda_smoothness",
}
# Mean squared speed that is taken for none: at 0 a root has no gradient.
STANDSTILL = 1e-8


class AEAI(base.InterpolationModel):
    """Autoencoder adversarial interpolation."""

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator: keras.Model | None,
        *,
        lambda_adversarial: float = 1e-2,
        lambda_cycle: float = 1e-2,
        lambda_smoothness: float = 1e-1,
        lambda_r1: float = 0.0,
        relative_cycle: bool = False,
        relative_smoothness: bool = False,
        pace_in_images: bool = False,
        pace_neighbors: int = neighbors.NEIGHBORS,
        num_alphas: int = 1,
        derivative: str = "nested_tapes",
        reconstruction: Callable = losses.squared_error,
        **when: float,
    ):
        """Takes built networks and the weights of equation 1.

        Args:
            encoder: f.
            decoder: g.
            discriminator: D, from images to logits `[batch, 1]`; None, and
                only then, if `lambda_adversarial` is 0.
            lambda_adversarial: weight of L_A.
            lambda_cycle: weight of L_C.
            lambda_smoothness: weight of L_S.
            lambda_r1: weight of the discriminator's R1 penalty.
            relative_cycle: whether L_C is divided by the variance of the
                batch's latents.
            relative_smoothness: whether the variance of the speed over its
                squared mean, along each line, takes the place of L_S; an even
                pace has 0. It compares the alphas of a pair.
            pace_in_images: whether L_S takes the speed over the spacing of
                the training images there, of which `prepare` is to be told.
            pace_neighbors: how many neighbours of a training image say what
                the spacing is there.
            num_alphas: points drawn on each line.
            derivative: "nested_tapes" or "forward", see
                `interpolation.value_and_derivative`.
            reconstruction: d, from two image batches to a scalar.
            **when: when the added terms come in and fade, see `Schedule`.

        Raises:
            ValueError: a discriminator without its weight, or the reverse;
                one alpha a pair, and `relative_smoothness`.
        """
        super().__init__(encoder, decoder)
        if (discriminator is not None) != bool(lambda_adversarial):
            raise ValueError(
                "a discriminator is needed if lambda_adversarial is not 0, "
                "and only then"
            )
        if relative_smoothness and lambda_smoothness and num_alphas < 2:
            raise ValueError(
                "relative smoothness compares the speeds at two or more "
                "points of a line: num_alphas must be at least 2"
            )
        self.discriminator = discriminator
        self.lambda_adversarial = lambda_adversarial
        self.lambda_cycle = lambda_cycle
        self.lambda_smoothness = lambda_smoothness
        self.lambda_r1 = lambda_r1 if lambda_adversarial else 0.0
        self.relative_cycle = relative_cycle
        self.relative_smoothness = relative_smoothness
        self.pace_in_images = pace_in_images and bool(lambda_smoothness)
        self.pace_neighbors = pace_neighbors
        self.spacing = None
        self.schedule = Schedule(**when)
        self.num_alphas = num_alphas
        self.derivative = derivative
        self.reconstruction = reconstruction

        self.players = {"autoencoder": ("encoder", "decoder")}
        names = ["reconstruction"]
        if lambda_adversarial:
            self.players["discriminator"] = ("discriminator",)
            names += ["adversarial", "discriminator", "discriminator_accuracy"]
        if self.lambda_r1:
            names += ["r1"]
        if lambda_cycle:
            names += ["cycle"]
        if lambda_smoothness:
            names += ["smoothness"]
        if self.schedule.warm_up_error and len(names) > 1:
            names += ["unexplained"]
            # Of all replicas, which count the same.
            self.counters["ramp"] = self.add_weight(
                shape=(),
                initializer="zeros",
                dtype="int64",
                trainable=False,
                aggregation="only_first_replica",
                name="ramp",
            )
        self.term_names = tuple(names)

    @classmethod
    def from_settings(cls, config, reconstruction: Callable):
        """Builds it as `configs/aeai.py` says."""
        weights = {
            "lambda_adversarial": config.lambda_adversarial,
            "lambda_cycle": config.lambda_cycle,
            "lambda_smoothness": config.lambda_smoothness,
        }
        if config.ablation != "none":
            weights[ABLATED[config.ablation]] = 0.0
        discriminator = None
        if weights["lambda_adversarial"]:
            discriminator = networks.discriminator(
                config.image_size,
                **networks.shape(config),
                normalization=config.discriminator_normalization,
                downsampling=config.discriminator_downsampling,
            )
        return cls(
            *networks.autoencoder(config),
            discriminator,
            **weights,
            # A sum over pixels, of what is spread over so many more.
            lambda_r1=config.lambda_r1 * (config.image_size / 32) ** 2,
            relative_cycle=config.cycle == "relative",
            relative_smoothness=config.get("smoothness") == "relative",
            pace_in_images=config.get("pace") == "images",
            pace_neighbors=config.get("pace_neighbors", neighbors.NEIGHBORS),
            warm_up=config.warm_up,
            ramp=config.ramp,
            warm_up_error=config.get("warm_up_error", 0.0),
            hold=config.get("hold", 0),
            fade=config.get("fade", 0),
            num_alphas=config.num_alphas,
            derivative=interpolation.resolve_mode(config.derivative),
            reconstruction=reconstruction,
        )

    def prepare(self, images):
        """See the base class.

        Raises:
            UserError: there are too many for a pace in images.
        """
        if self.pace_in_images:
            self.spacing = spacing.Spacing(images, self.pace_neighbors)

    def compile(self, optimizers, weight_averaging=0.0):
        """See the base class; the discriminator's rate is what it rises to."""
        super().compile(optimizers, weight_averaging)
        self.full_rate = None
        if "discriminator" in self.players and self.schedule.waits:
            self.full_rate = optimizers["discriminator"].learning_rate.numpy()

    def learning_rates(self, terms):
        """Lets the discriminator wait for the other terms."""
        if self.full_rate is None:
            return {}
        # Not by its gradients: after zeros Adam starts at five times its rate.
        return {
            "discriminator": self.schedule.risen(self._past()) * self.full_rate
        }

    def sample(self, seed, batch_size):
        """Draws "alpha", `[batch_size, num_alphas]`, on [0, 1].

        The k-th is uniform on the k-th of `num_alphas` equal parts, so that
        the relative smoothness compares the parts of a line.
        """
        u = tf.random.stateless_uniform([batch_size, self.num_alphas], seed)
        parts = tf.range(self.num_alphas, dtype=u.dtype)
        return {"alpha": (parts + u) / self.num_alphas}

    def compute_terms(self, batch, training):
        """See the base class and the equations above."""
        x_i, x_j, alpha = batch["source"], batch["target"], batch["alpha"]
        x = tf.concat([x_i, x_j], 0)
        z = self.encoder(x, training=training)
        x_hat = self.decoder(z, training=training)
        x_hat_i, x_hat_j = tf.split(x_hat, 2)

        reconstruction = self.reconstruction(
            x_i, x_hat_i
        ) + self.reconstruction(x_j, x_hat_j)
        terms, objectives = self.shaping_terms(
            x, *tf.split(z, 2), alpha, training
        )
        terms["reconstruction"] = reconstruction
        objectives["autoencoder"] += reconstruction
        if self.counters:
            terms["unexplained"] = tf.math.divide_no_nan(
                replicas.mean(losses.squared_error(x, x_hat)), _variance(x)
            )
        return terms, objectives

    def count(self, terms):
        """Counts the steps that the schedule goes by."""
        if self.counters:
            counts = self.schedule.counts(
                self._step(), self._past(), terms["unexplained"]
            )
            self.counters["ramp"].assign_add(tf.cast(counts, tf.int64))

    def warning(self):
        """Whether the added terms have come in."""
        if not self.counters:
            return ""
        share = float(self.schedule.risen(self._past()))
        if share == 1:
            return ""
        return (
            f"the added terms are at {share:.0%} of their weights, since the "
            "reconstruction error was late, or never, below warm_up_error="
            f"{self.schedule.warm_up_error:g} of the images' variance: take "
            "more --config.steps, a lower --config.learning_rate, or a higher "
            "--config.warm_up_error"
        )

    def shaping_terms(self, x, z_i, z_j, alpha, training):
        """The terms beside L_R; `aeai_tf.regularization` adds them to others.

        Args:
            x: real images, `[images, ...]`.
            z_i: latents of the pairs' first images, `[pairs, ...]`.
            z_j: latents of the second ones.
            alpha: as `sample` draws it for so many pairs.
            training: as in `compute_terms`.

        Returns:
            As `compute_terms`, with no part of L_R.
        """
        terms, objective, objectives = {}, 0.0, {}
        if len(self.term_names) == 1:
            return terms, {"autoencoder": objective}
        z_a = interpolation.join(interpolation.lerp(z_i, z_j, alpha))
        x_a, dx_a = self._decode_line(z_a, z_j - z_i, training)
        share = self._share()
        if self.lambda_adversarial:
            real, r1 = self._judge_real(x, training)
            generated = self.discriminator(x_a, training=training)
            terms["adversarial"] = losses.real_logits(generated)
            terms["discriminator"] = losses.real_logits(
                real
            ) + losses.generated_logits(generated)
            terms["discriminator_accuracy"] = losses.discriminator_accuracy(
                real, generated
            )
            objective += share * self.lambda_adversarial * terms["adversarial"]
            objectives["discriminator"] = terms["discriminator"]
            if self.lambda_r1:
                terms["r1"] = r1
                objectives["discriminator"] += self.lambda_r1 / 2 * r1
        if self.lambda_cycle:
            z_cycle = self.encoder(x_a, training=training)
            terms["cycle"] = losses.squared_error(z_a, z_cycle)
            if self.relative_cycle:
                # An image paired with itself has none.
                terms["cycle"] = tf.math.divide_no_nan(
                    terms["cycle"], _variance(tf.concat([z_i, z_j], 0))
                )
            objective += share * self.lambda_cycle * terms["cycle"]
        if self.lambda_smoothness:
            terms["smoothness"] = self._smoothness(x_a, dx_a)
            objective += share * self.lambda_smoothness * terms["smoothness"]
        return terms, {"autoencoder": objective, **objectives}

    def _smoothness(self, x_a, dx_a):
        """L_S of `dx_a` at `x_a`, both `[pairs * num_alphas, ...]`."""
        axes = list(range(1, dx_a.shape.rank))
        squares = tf.reduce_mean(tf.square(dx_a), axes)
        if self.pace_in_images:
            if self.spacing is None:
                raise ValueError(
                    "a pace in images needs the images: call prepare(images)"
                )
            squares /= self.spacing(x_a) ** 2
        if not self.relative_smoothness:
            return tf.reduce_mean(squares)
        speed = tf.sqrt(squares + STANDSTILL)
        speed = tf.reshape(speed, [-1, self.num_alphas])
        mean, variance = tf.nn.moments(speed, [1])
        return tf.reduce_mean(variance / tf.square(mean))

    def _share(self):
        """Share of the added terms' weights at this step, from 0 to 1."""
        if not self.schedule.changes:
            return 1.0
        return self.schedule.share(self._past())

    def _past(self):
        """Steps that count for the schedule, of the type of its shares."""
        if self.counters:
            past = self.counters["ramp"].value
        else:
            past = self._step() - self.schedule.warm_up
        return tf.cast(past, keras.config.floatx())

    def _step(self):
        """Updates that the autoencoder has had."""
        return tf.cast(
            self.player_optimizers["autoencoder"].iterations, tf.int64
        )

    def _judge_real(self, x, training):
        """Returns D(x) and its R1 penalty, or None without one."""
        if not self.lambda_r1:
            return self.discriminator(x, training=training), None
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            logits = self.discriminator(x, training=training)
        # Each logit is its own image's: gradients do not mix.
        gradient = tape.gradient(logits, x)
        axes = list(range(1, x.shape.rank))
        return logits, tf.reduce_mean(tf.reduce_sum(gradient**2, axes))

    def _decode_line(self, z_a, direction, training):
        """Returns x_a and its derivative, or None without smoothness."""
        if not self.lambda_smoothness:
            return self.decoder(z_a, training=training), None
        direction = tf.repeat(direction, self.num_alphas, axis=0)
        return interpolation.value_and_derivative(
            self.decoder, z_a, direction, self.derivative, training=training
        )


def _variance(values):
    """Mean over coordinates of the variance over the batch of all replicas."""
    values -= replicas.mean(tf.reduce_mean(values, 0))
    return replicas.mean(tf.reduce_mean(tf.square(values)))
