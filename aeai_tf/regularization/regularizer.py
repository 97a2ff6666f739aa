"""A Keras model that trains any autoencoder with AEAI's losses added."""

import keras
import tensorflow as tf

from aeai_tf import replicas
from aeai_tf.errors import UserError
from aeai_tf.methods.aeai import AEAI
from aeai_tf.regularization import checks
from aeai_tf.regularization import derivative as derivatives
from aeai_tf.regularization.discriminator import default_discriminator
from aeai_tf.regularization.network import Network, floats
from aeai_tf.regularization.saving import Saving


@keras.saving.register_keras_serializable("aeai_tf")
class InterpolationRegularizer(Saving, keras.Model):
    """Trains an autoencoder so that the lines of its latent space are good.

        model = InterpolationRegularizer(encoder, decoder)
        model.compile("adam", "mse")
        model.fit(x, epochs=10)

    minimises

        loss = reconstruction + lambda_adversarial * adversarial
            + lambda_cycle * cycle + lambda_smoothness * smoothness,

    the terms of `aeai_tf.methods.aeai` on top of the loss that is given to
    `compile` and what layers add by `add_loss`. A weight of 0 removes its term
    and its cost. Pairs are made within the batch, each item of its first half
    with one of its second half; in a batch of odd size the middle one belongs
    to two pairs, and one item alone makes a pair with itself.

    The paper's reconstruction adds the errors of both images of a pair, where
    Keras takes the mean: its weights 1e-2, 1e-2, 1e-1 are 5e-3, 5e-3, 5e-2
    here, the defaults.

    The encoder and the decoder are trained in place, and remain models of
    their own. Calling the model, or `predict`, reconstructs.

    Attributes:
        encoder: the encoder that was given.
        decoder: the decoder that was given.
        discriminator: the one that was given, or the default one, which is
            there once shapes are known; None without `lambda_adversarial`.
    """

    def __init__(
        self,
        encoder: keras.Layer,
        decoder: keras.Layer,
        discriminator: keras.Layer | None = None,
        *,
        lambda_adversarial: float = 5e-3,
        lambda_cycle: float = 5e-3,
        lambda_smoothness: float = 5e-2,
        lambda_r1: float = 0.0,
        relative_cycle: bool = False,
        relative_smoothness: bool = False,
        warm_up: int = 0,
        ramp: int = 0,
        num_alphas: int = 1,
        derivative: str = "auto",
        seed: int = 0,
        **options,
    ):
        """Takes two models, which need not be built.

        Args:
            encoder: any Keras model or layer from data `[batch, ...]` to
                latents `[batch, ...]`: one tensor to one tensor.
            decoder: likewise from latents back to data.
            discriminator: likewise from data to logits, positive for real
                ones, of any shape; None for `default_discriminator`.
            lambda_adversarial: weight of the adversarial term.
            lambda_cycle: weight of the cycle term.
            lambda_smoothness: weight of the smoothness term.
            lambda_r1: weight of the discriminator's R1 penalty.
            relative_cycle: whether the cycle term is divided by the variance
                of the batch's latents.
            relative_smoothness: whether it is the variance of the speed along
                a line, over its squared mean, that the smoothness term holds
                down; with two or more `num_alphas`.
            warm_up: steps by the user's own loss alone.
            ramp: steps over which the weights then rise to what they are.
            num_alphas: points drawn on the line of each pair.
            derivative: a mode of `interpolation.value_and_derivative`, or
                "auto", the fastest that is right for this decoder.
            seed: of the points that are drawn; with the step, it determines
                them.
            **options: of `keras.Model`, such as `name`.

        Raises:
            UserError: an argument that it cannot be, or networks that do not
                fit each other.
        """
        checks.no_reconstruction(options)
        super().__init__(**options)
        self.settings = {
            "lambda_adversarial": lambda_adversarial,
            "lambda_cycle": lambda_cycle,
            "lambda_smoothness": lambda_smoothness,
            "lambda_r1": lambda_r1,
            "relative_cycle": relative_cycle,
            "relative_smoothness": relative_smoothness,
            "warm_up": warm_up,
            "ramp": ramp,
            "num_alphas": num_alphas,
        }
        checks.arguments(self.settings, derivative)
        checks.networks(encoder, decoder, discriminator, lambda_adversarial)
        self.encoder, self.decoder = encoder, decoder
        self.discriminator = discriminator
        self.derivative, self.seed = derivative, seed
        aeai = AEAI(
            Network(self, "encoder"),
            Network(self, "decoder"),
            Network(self, "discriminator") if lambda_adversarial else None,
            derivative=derivative,
            **self.settings,
        )
        # It has the equations and no weights; Keras need not know of it.
        object.__setattr__(self, "_aeai", aeai)
        self.term_metrics = [
            keras.metrics.Mean(name=term) for term in aeai.term_names
        ]
        shape = getattr(encoder, "input_shape", None) if encoder.built else None
        if shape is not None:
            self.build(shape)

    def build(self, input_shape):
        """Builds what is not built, and checks that shapes fit.

        Args:
            input_shape: of data, `(None, ...)`.

        Raises:
            UserError: they do not, in one sentence.
        """
        x = checks.data_spec(input_shape)
        z = checks.output_spec("encoder", self.encoder, x)
        x_hat = checks.output_spec("decoder", self.decoder, z)
        self.data_shape, self.latent_shape = x.shape, tuple(z.shape[1:])
        if self.settings["lambda_cycle"] and not checks.agree(x_hat, x):
            raise checks.MisfitError(
                f"the decoder returns {checks.shape(x_hat)}, but the encoder "
                f"takes {checks.shape(x)}: let them agree, or set "
                "lambda_cycle=0"
            )
        if self.settings["lambda_adversarial"]:
            if self.discriminator is None:
                self.discriminator = default_discriminator(x_hat.shape[1:])
            checks.output_spec("discriminator", self.discriminator, x_hat)
        self.built = True
        self(x)  # Keras exports what was called once.

    def compile(
        self,
        optimizer="adam",
        loss="mse",
        *,
        discriminator_optimizer=None,
        metrics=None,
        **options,
    ):
        """As of any Keras model.

        Args:
            optimizer: moves encoder and decoder.
            loss: between data and reconstruction, as Keras takes it.
            discriminator_optimizer: moves the discriminator; None for another
                one like `optimizer`.
            metrics: of data and reconstruction, as Keras takes them.
            **options: others of `keras.Model.compile`.

        Raises:
            UserError: an optimiser for a discriminator that is not there.
        """
        super().compile(
            optimizer=optimizer, loss=loss, metrics=metrics, **options
        )
        self.player_optimizers = {"autoencoder": self.optimizer}
        if self.settings["lambda_adversarial"]:
            self.discriminator_optimizer = _like(
                self.optimizer, discriminator_optimizer
            )
            self.player_optimizers["discriminator"] = (
                self.discriminator_optimizer
            )
        elif discriminator_optimizer is not None:
            raise UserError(
                "discriminator_optimizer is of no use if lambda_adversarial "
                "is 0"
            )
        # Its weights rise with the steps that were taken.
        self._aeai.player_optimizers = self.player_optimizers
        self._aeai.derivative = self.derivative
        self._build_optimizers()

    def _build_optimizers(self):
        """Each for its player's variables; Keras would take all for one."""
        if self.built and self.compiled:
            for player, optimizer in self.player_optimizers.items():
                optimizer.build(self.player_variables(player))

    def player_variables(self, player: str) -> list[keras.Variable]:
        """The variables that a player's objective moves, each of them once.

        Args:
            player: "autoencoder" or "discriminator".
        """
        networks = {
            "autoencoder": (self.encoder, self.decoder),
            "discriminator": (self.discriminator,),
        }[player]
        # An encoder and a decoder may share some.
        variables = {
            id(variable): variable
            for network in networks
            for variable in network.trainable_variables
        }
        return list(variables.values())

    @property
    def losses(self) -> list[tf.Tensor]:
        """What layers add; those of the discriminator are its own."""
        return self.encoder.losses + self.decoder.losses

    def call(self, x, training=None):
        """Reconstructs."""
        z = self.encoder(x, training=training)
        return self.decoder(z, training=training)

    def interpolate(self, source, target, alpha) -> tf.Tensor:
        """Decodes points on the latent line between two items each.

        Args:
            source: `[batch, ...]`.
            target: the same shape.
            alpha: `[steps]`, or `[batch, steps]` if it differs from pair to
                pair; 0 is the source, 1 the target.

        Returns:
            `[batch, steps, ...]`.

        Raises:
            UserError: source and target differ in shape.
        """
        source, target = map(tf.convert_to_tensor, (source, target))
        checks.same_shape(source, target)
        alpha = floats(alpha)
        if alpha.shape.rank < 2:
            alpha = tf.reshape(alpha, [1, -1])
            alpha = tf.repeat(alpha, tf.shape(source)[0], axis=0)
        return self._aeai.interpolate(source, target, alpha)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """The user's own loss, to which the terms are added; `y` may be x."""
        y = x if y is None else y
        if not checks.agree(y, y_pred):
            raise checks.MisfitError(
                f"a reconstruction of shape {checks.shape(y_pred)} cannot be "
                f"compared with data of shape {checks.shape(y)}"
            )
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """As of any Keras model; `y` may be x."""
        y = x if y is None else y
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def train_step(self, data):
        """One step of both players, each along its own objective."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape(persistent=True) as tape:
            x_hat, objectives = self._objectives(x, y, sample_weight, True)
            # Optimisers add up what replicas hand them.
            objectives = {
                player: self.player_optimizers[player].scale_loss(
                    objective / replicas.count()
                )
                for player, objective in objectives.items()
            }
        moved = {player: self.player_variables(player) for player in objectives}
        gradients = {
            player: tape.gradient(objectives[player], variables)
            for player, variables in moved.items()
        }
        for player, variables in moved.items():
            self.player_optimizers[player].apply(gradients[player], variables)
        return self.compute_metrics(x, y, x_hat, sample_weight)

    def test_step(self, data):
        """The same terms in inference mode, at points of its own."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        x_hat, _ = self._objectives(x, y, sample_weight, False)
        return self.compute_metrics(x, y, x_hat, sample_weight)

    def _objectives(self, x, y, sample_weight, training):
        """Reconstructs, sees to the means of the terms, sums them up."""
        x = checks.one_tensor(x)
        if not self.built:
            self.build((None, *x.shape[1:]))
        if self._aeai.derivative == "auto":
            self._aeai.derivative = "nested_tapes"
        z = self._aeai.encoder(x, training=training)
        x_hat = self.decoder(z, training=training)
        loss = self.compute_loss(x, y, x_hat, sample_weight, training)
        loss *= replicas.count()  # Keras has divided by it.
        added = sum(floats(tf.reduce_sum(value)) for value in self.losses)

        count = tf.shape(z)[0]
        pairs = count - count // 2
        step = self.optimizer.iterations if training else 0
        seed = tf.random.fold_in([self.seed, int(training)], step)
        alpha = floats(self._aeai.sample(seed, pairs)["alpha"])
        terms, objectives = self._aeai.shaping_terms(
            floats(x if y is None else y),
            z[:pairs],
            z[-pairs:],
            alpha,
            training,
        )
        terms["reconstruction"] = loss - added
        objectives["autoencoder"] += loss
        if self.discriminator is not None:
            objectives["discriminator"] += sum(
                map(tf.reduce_sum, self.discriminator.losses)
            )
        self._loss_tracker.update_state(objectives["autoencoder"], count)
        for metric in self.term_metrics:
            metric.update_state(terms[metric.name], count)
        return x_hat, objectives

    def fit(self, x=None, y=None, *args, **kwargs) -> keras.callbacks.History:
        """As of any Keras model; `y`, if given, is what x should become.

        `sample_weight` weighs the reconstruction, not the terms.

        Raises:
            UserError: arrays with values that are not finite, or data that do
                not fit the networks.
        """
        self._prepare(x, y)
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """As of any Keras model, with the same points drawn every time.

        Raises:
            UserError: as in `fit`.
        """
        self._prepare(x, y)
        return super().evaluate(x, y, *args, **kwargs)

    def _prepare(self, x, y):
        """Does what is best done outside of graphs, if shapes can be told."""
        checks.finite(x, y)
        if isinstance(x, tf.data.Dataset):
            x = keras.utils.unpack_x_y_sample_weight(x.element_spec)[0]
        if getattr(x, "shape", None) is not None:
            if self.built:
                checks.data_fit(x.shape, self.data_shape)
            else:
                self.build((None, *x.shape[1:]))
                self._build_optimizers()
        needed = self.settings["lambda_smoothness"]
        if self.built and needed and self._aeai.derivative == "auto":
            self._aeai.derivative = derivatives.choose(
                self._aeai.decoder, self.latent_shape, self.jit_compile
            )


def _like(optimizer, given):
    """The optimiser that is given, or else another one like the first.

    Keras scales the loss of a model's own optimiser for float16, only.
    """
    if given is None:
        return type(optimizer).from_config(optimizer.get_config())
    given = keras.optimizers.get(given)
    scaled = keras.optimizers.LossScaleOptimizer
    if isinstance(optimizer, scaled) and not isinstance(given, scaled):
        return scaled(given)
    return given
