"""The trainer that every method shares.

A method is a subclass that declares its players and writes one function from
a batch to its named terms and one objective a player. Everything else, the
tape, whose gradient moves whose variables, metrics and interpolation, is here
and is never copied.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from aeai_tf import interpolation, replicas

Terms = dict[str, tf.Tensor]
Objectives = dict[str, tf.Tensor]

# The networks that interpolate; the others only train.
IN_USE = ("encoder", "decoder")


class InterpolationModel(keras.Model):
    """An autoencoder that interpolates; base of every method.

    Subclasses declare

    * `players`: who optimises what: the name of a player and the names of the
      attributes that hold its networks. An instance may narrow it.
    * `term_names`: the names of the terms that `compute_terms` returns.
    * `prepare`: what it needs to know of all images. Optional.
    * `sample`: the random numbers of a step, so that a step is a pure
      function of its batch. Optional.
    * `compute_terms`: the method's equations.

    and, of its schedule, what differs from all players moving once a step,
    at once, at the rates of their optimisers:

    * `updates`: how often a player moves in a step.
    * `learning_rates`: rates that follow from the terms.
    * `count`: what later steps need to know of the terms.

    Attributes:
        encoder: model from images `[batch, height, width, 3]`, [0, 1], to
            latents `[batch, latent_dim]`.
        decoder: model from latents back to images.
        counters: variables by name that steps change, beside networks and
            optimisers; checkpoints keep them.
    """

    players: Mapping[str, tuple[str, ...]] = {
        "autoencoder": ("encoder", "decoder")
    }
    term_names: ClassVar[tuple[str, ...]] = ()
    # Updates of a player in one step, by its name; 1 where none is given.
    updates: Mapping[str, int] = MappingProxyType({})

    def __init__(self, encoder: keras.Model, decoder: keras.Model):
        """Takes built networks.

        Args:
            encoder: see the class.
            decoder: see the class.
        """
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.averaged: dict[str, keras.Model] = {}
        self.counters: dict[str, keras.Variable] = {}

    @property
    def latent_dim(self) -> int:
        """Length of a latent."""
        return self.decoder.input_shape[-1]

    @property
    def rounds(self) -> int:
        """Batches that one step takes, so that every player has its updates."""
        return max([self.updates.get(p, 1) for p in self.players], default=1)

    def sample(self, seed: tf.Tensor, batch_size: int) -> dict[str, tf.Tensor]:
        """Draws what a step needs beside its images.

        Args:
            seed: `[2]`, integers, another one at every step.
            batch_size: pairs in the batch.

        Returns:
            Tensors `[batch_size, ...]` by name, which `compute_terms` finds
            in its batch. Draw them with `tf.random.stateless_*`.
        """
        del seed, batch_size
        return {}

    def prepare(self, images: np.ndarray) -> None:
        """Takes what the terms need to know of the images to be trained on.

        Called once, before the first step, also of a run that is resumed.

        Args:
            images: all of them, float32 `[n, height, width, 3]`, [0, 1].
        """
        del images

    def compute_terms(
        self, batch: Mapping[str, tf.Tensor], training: bool
    ) -> tuple[Terms, Objectives]:
        """Evaluates the method's equations on one batch.

        Args:
            batch: "source" and "target", `[batch, height, width, 3]`, [0, 1],
                and what `sample` drew.
            training: whether normalisation uses, and updates, batch
                statistics.

        Returns:
            The terms by name (scalars, unweighted; what TensorBoard shows)
            and the scalar that each player minimises.
        """
        raise NotImplementedError

    def learning_rates(self, terms: Terms) -> dict[str, tf.Tensor]:
        """Sets the rates of an update by the terms of its batch.

        Args:
            terms: as `compute_terms` returned them.

        Returns:
            Scalars by the names of players, whose optimisers then must not
            have schedules of their own; the others keep theirs.
        """
        del terms
        return {}

    def count(self, terms: Terms) -> None:
        """Changes the counters after an update.

        Args:
            terms: as `compute_terms` returned them.
        """
        del terms

    def warning(self) -> str:
        """What a user should know of a finished training; "" if nothing."""
        return ""

    def compile(
        self,
        optimizers: Mapping[str, keras.optimizers.Optimizer],
        weight_averaging: float = 0.0,
    ):
        """Gives each player its optimiser, and builds it.

        Args:
            optimizers: one a player, by the player's name. Built here, since
                an unbuilt one is not restored from a checkpoint.
            weight_averaging: if not 0, `encode`, `decode` and `interpolate`
                use a running mean of the weights, which at every step keeps
                this share of itself (less during the first steps, so that it
                forgets the initial weights).

        Raises:
            ValueError: the names are not those of the players.
        """
        if set(optimizers) != set(self.players):
            raise ValueError(
                f"optimizers for {sorted(optimizers)}, "
                f"but the players are {sorted(self.players)}"
            )
        # None, since Keras otherwise makes an RMSprop that nobody uses.
        super().compile(optimizer=None, jit_compile=False)
        self.player_optimizers = dict(optimizers)
        for player, optimizer in optimizers.items():
            optimizer.build(self.player_variables(player))
        self.term_metrics = [
            keras.metrics.Mean(name=name) for name in self.term_names
        ]
        self.weight_averaging = weight_averaging
        self.averaged = (
            {name: _copy(getattr(self, name)) for name in IN_USE}
            if weight_averaging
            else {}
        )
        self.built = True

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Keeps `fit` from what is done, and fails with batches of replicas."""

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """One running mean a term, reset by Keras at every epoch."""
        return self.term_metrics

    def player_variables(self, player: str) -> list[keras.Variable]:
        """The variables that a player's objective moves, and nobody else's."""
        return [
            variable
            for network in self.players[player]
            for variable in getattr(self, network).trainable_variables
        ]

    def train_step(self, batch: Mapping[str, tf.Tensor]) -> Terms:
        """Gives every player its updates, each along its own objective.

        A step has as many rounds as the player that moves most has updates,
        each on a batch of its own; in the last one all players move, at once.

        Args:
            batch: as in `compute_terms`; if `rounds` is above 1, with that
                many batches along a further second axis.

        Returns:
            The means of the terms, of last rounds, since the last reset.
        """
        batches = [batch]
        if self.rounds > 1:
            batches = [
                {name: value[:, k] for name, value in batch.items()}
                for k in range(self.rounds)
            ]
        for left, part in zip(
            reversed(range(self.rounds)), batches, strict=True
        ):
            players = [p for p in self.players if left < self.updates.get(p, 1)]
            terms = self._move(players, part)
        if self.averaged:
            # As optimisers do: of variables, not of a replica's parts of them.
            tf.distribute.get_replica_context().merge_call(self._average)
        return self._update_means(terms)

    def _move(self, players: list[str], batch) -> Terms:
        with tf.GradientTape(persistent=True) as tape:
            terms, objectives = self.compute_terms(batch, training=True)
            # Optimisers add up what replicas hand them.
            objectives = {
                player: objective / replicas.count()
                for player, objective in objectives.items()
            }
        rates = self.learning_rates(terms)
        gradients = {
            player: tape.gradient(
                objectives[player], self.player_variables(player)
            )
            for player in players
        }
        for player in players:
            optimizer = self.player_optimizers[player]
            if player in rates:
                optimizer.learning_rate = rates[player]
            optimizer.apply(gradients[player], self.player_variables(player))
        self.count(terms)
        return terms

    def _average(self, strategy: tf.distribute.Strategy) -> None:
        step = tf.cast(
            next(iter(self.player_optimizers.values())).iterations, tf.float32
        )
        kept = tf.minimum(self.weight_averaging, step / (step + 9.0))

        def move(mean, weight):
            moved = tf.cast(1.0 - kept, mean.dtype)
            mean.assign_add(moved * (weight - mean))

        for name, network in self.averaged.items():
            weights = getattr(self, name).weights
            for mean, weight in zip(network.weights, weights, strict=True):
                strategy.extended.update(
                    mean.value, move, args=(weight.value,), group=False
                )

    def test_step(self, batch: Mapping[str, tf.Tensor]) -> Terms:
        """Evaluates the same terms in inference mode."""
        terms, _ = self.compute_terms(batch, training=False)
        return self._update_means(terms)

    def _update_means(self, terms: Terms) -> Terms:
        for metric in self.term_metrics:
            metric.update_state(terms[metric.name])
        return {
            metric.name: replicas.as_log(metric.result())
            for metric in self.term_metrics
        }

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Reconstructs images, `[batch, height, width, 3]`, [0, 1]."""
        if not training:
            return self.decode(self.encode(images))
        return self.decoder(self.encoder(images, training=True), training=True)

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Images `[batch, height, width, 3]` to `[batch, latent_dim]`."""
        return self.in_use("encoder")(images, training=False)

    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """Latents `[batch, latent_dim]` to images in [0, 1]."""
        return self.in_use("decoder")(latents, training=False)

    def in_use(self, name: str) -> keras.Model:
        """The "encoder" or "decoder" that interpolates: see `compile`."""
        return self.averaged.get(name, getattr(self, name))

    def interpolate(
        self, source: tf.Tensor, target: tf.Tensor, alpha: tf.Tensor
    ) -> tf.Tensor:
        """Decodes points on the latent line between two images.

        Args:
            source: `[batch, height, width, 3]`, [0, 1].
            target: the same shape.
            alpha: `[batch, steps]`; 0 is the source, 1 the target, and
                outside [0, 1] it extrapolates.

        Returns:
            `[batch, steps, height, width, 3]`, [0, 1].
        """
        ends = tf.split(self.encode(tf.concat([source, target], 0)), 2)
        latents = interpolation.lerp(*ends, alpha)
        images = self.decode(interpolation.join(latents))
        shape = tf.concat([tf.shape(alpha), tf.shape(images)[1:]], 0)
        return tf.reshape(images, shape)


def _copy(network: keras.Model) -> keras.Model:
    copied = keras.models.clone_model(network)
    copied.set_weights(network.get_weights())
    copied.trainable = False
    return copied
