"""Training steps, several to one call of a compiled function.

Between two calls Python looks at terms, writes and listens to signals. On a
GPU, where a step takes milliseconds, doing so after every step would leave it
idle; so a call has as many steps as fit into `CALL_SECONDS` and end no later
than the next step after which something is due. Calls of different lengths run
the same compiled graph, so that their lengths change no bit of a result.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator

import tensorflow as tf

from aeai_tf import strategies
from aeai_tf.errors import UserError

# A signal waits as long, and a progress bar.
CALL_SECONDS = 0.5


class Loop:
    """Steps of a model under a strategy.

    Attributes:
        model: compiled `aeai_tf.methods.base.InterpolationModel`.
    """

    def __init__(
        self,
        model,
        team: strategies.Team,
        batches: tf.data.Dataset,
        held_out: tf.data.Dataset,
    ):
        """Takes what to train on what.

        Args:
            model: built under the team's strategy.
            team: whose workers all make a loop, and the same calls.
            batches: of training, one a step.
            held_out: batches to measure on.
        """
        self.model = model
        self._team = team
        share = team.strategy.experimental_distribute_dataset
        self._batches = iter(share(batches))
        self._held_out = share(held_out)
        self._measured = held_out.cardinality()
        self._train = _compiled(team.strategy, model.train_step)
        self._measure = _compiled(team.strategy, model.test_step)
        self._read = tf.function(self._means, autograph=False)

    def steps(
        self, first: int, last: int, every: Iterable[int]
    ) -> Iterator[tuple[int, dict[str, float]]]:
        """Takes steps; between calls, yields.

        Args:
            first: steps taken before.
            last: steps of the whole run.
            every: a call ends at the multiples of these numbers of steps.

        Yields:
            Steps taken so far, and `terms()`.

        Raises:
            UserError: a step does not fit into the device's memory.
        """
        step, count = first, 1
        while step < last:
            due = min([last, *(step + n - step % n for n in every)])
            # All workers take as many, whatever their clocks say.
            count = min(self._team.ask(min(count, due - step)))
            began = time.monotonic()
            with _memory_not_disk():
                self._train(self._batches, tf.constant(count))
                terms = self.terms()  # Waits for a GPU.
            seconds = time.monotonic() - began
            step += count
            yield step, terms
            count = max(1, int(CALL_SECONDS * count / seconds))

    def terms(self) -> dict[str, float]:
        """Means of the terms since the last reset."""
        names = [metric.name for metric in self.model.metrics]
        return dict(zip(names, self._read().numpy().tolist(), strict=True))

    def held_out_terms(self) -> dict[str, float]:
        """Means of the terms over the held-out batches; resets means."""
        self.model.reset_metrics()
        with _memory_not_disk():
            self._measure(iter(self._held_out), self._measured)
        terms = self.terms()
        self.model.reset_metrics()
        return terms

    def _means(self):
        """`[terms]`: over the replicas, since they see as many pairs each."""
        strategy = self._team.strategy
        means = strategy.run(
            lambda: tf.stack([m.result() for m in self.model.metrics])
        )
        return strategy.reduce("MEAN", means, axis=None)


@contextlib.contextmanager
def _memory_not_disk():
    """Either is exhausted by the same error of TensorFlow."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise UserError(
            "the device has too little memory for a step of this run: fewer "
            "pairs (--config.batch_size) or smaller images "
            "(--config.image_size) take less"
        ) from error


def _compiled(strategy, step: Callable) -> Callable:
    """A function of an iterator and of how many of its batches to take."""

    def one(left, iterator):
        strategy.run(step, [next(iterator)])
        return left - 1

    @tf.function(autograph=False)
    def many(iterator, count):
        count = tf.cast(count, tf.int32)
        tf.while_loop(
            lambda left: left > 0, lambda left: one(left, iterator), [count]
        )

    return many
