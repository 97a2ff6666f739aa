"""What happens between training steps: watching, showing, saving, stopping."""

import math
import os
import signal
import sys
import time

import keras
import numpy as np
import tensorflow as tf
import tqdm

from aeai_tf import checkpoints, interpolation, runs, strategies, strips
from aeai_tf.data import showcase
from aeai_tf.errors import UserError

STRIP_ALPHAS = np.linspace(0.0, 1.0, 9, dtype=np.float32)


class StepCallback(keras.callbacks.Callback):
    """A callback that counts steps over all calls of a run.

    Attributes:
        start_step: steps taken before this call.
    """

    def __init__(self, start_step: int):
        """Takes the steps that were taken before this call."""
        super().__init__()
        self.start_step = start_step

    def on_train_batch_end(self, batch, logs=None):
        """Calls `on_step` with the number of steps taken, from 1."""
        self.on_step(self.start_step + batch + 1, logs)

    def on_step(self, step, logs):
        """To be overridden; `logs` holds the means since the last reset."""
        raise NotImplementedError


class StopOnNonFinite(StepCallback):
    """Ends a run whose loss diverged, keeping its last good checkpoint."""

    def __init__(self, start_step: int, folder: str):
        """Takes the run's folder, for the message."""
        super().__init__(start_step)
        self.folder = folder

    def on_step(self, step, logs):
        """Raises `UserError` with the step and the term."""
        bad = [name for name, value in logs.items() if not math.isfinite(value)]
        if bad:
            raise _diverged(
                f"the term {' and '.join(map(repr, bad))} became "
                f"{logs[bad[0]]} at step {step}",
                self.folder,
            )


class Progress(StepCallback):
    """A progress bar with the time left and the first term."""

    def __init__(self, start_step: int, steps: int, description: str):
        """Takes the steps of the whole run and what to call it."""
        super().__init__(start_step)
        self.steps = steps
        self.description = description

    def on_train_begin(self, logs=None):
        """Shows the bar."""
        print("compiling the training step, up to a minute", file=sys.stderr)
        self.bar = tqdm.tqdm(
            total=self.steps,
            initial=self.start_step,
            desc=self.description,
            unit="step",
            dynamic_ncols=True,
            # A log file wants few lines, a terminal a moving bar.
            mininterval=0.5 if sys.stderr.isatty() else 30,
        )

    def on_step(self, step, logs):
        """Moves the bar."""
        name = self.model.term_names[0]
        self.bar.set_postfix_str(f"{name}={logs[name]:.4f}", refresh=False)
        self.bar.update(step - self.bar.n)

    def on_train_end(self, logs=None):
        """Leaves the bar where it stopped."""
        self.bar.close()


class Scalars(StepCallback):
    """Writes every term, of training and held-out pairs, and their means.

    All workers of a team evaluate; the chief writes.
    """

    def __init__(
        self, start_step, steps, folder, every, terms, held_out, writes=True
    ):
        """Takes what to write and where.

        Args:
            start_step: steps taken before this call.
            steps: of the whole run.
            folder: of the run.
            every: steps between two rows, over which terms are averaged.
            terms: their names.
            held_out: data set of held-out batches.
            writes: whether to write.
        """
        super().__init__(start_step)
        self.steps = steps
        self.every = every
        self.held_out = held_out
        self.writes = writes
        if not writes:
            return
        self.file = runs.MetricsFile(folder, terms, start_step)
        self.writers = {
            split: tf.summary.create_file_writer(
                os.path.join(folder, "logs", split)
            )
            for split in ("train", "held_out")
        }
        self.began = time.monotonic() - self.file.seconds

    def on_step(self, step, logs):
        """Writes if it is time, then starts new means."""
        if step % self.every == 0 or step == self.steps:
            self._write(step, "train", logs)
            self.model.reset_metrics()
            held_out = self.model.evaluate(
                self.held_out, verbose=0, return_dict=True
            )
            self._write(step, "held_out", held_out)
            self.model.reset_metrics()

    def _write(self, step, split, terms):
        if not self.writes:
            return
        with self.writers[split].as_default(step):
            for name, value in terms.items():
                tf.summary.scalar(name, value)
        self.writers[split].flush()
        self.file.append(step, split, time.monotonic() - self.began, terms)


class ImageStrips(StepCallback):
    """Draws interpolations of chosen pairs, for TensorBoard and as PNG.

    Rows: pixel blend, model, and truth where the set knows it; columns: alpha
    from 0 to 1, nine in the PNG files, every other one in TensorBoard.
    """

    def __init__(self, start_step, steps, folder, every, image_set):
        """Takes what to draw and where.

        Args:
            start_step: steps taken before this call.
            steps: of the whole run.
            folder: of the run.
            every: steps between two drawings; the first and the last step
                are drawn too.
            image_set: an `aeai_tf.data.image_set.ImageSet`.
        """
        super().__init__(start_step)
        self.steps = steps
        self.folder = folder
        self.every = every
        self.pairs = showcase.pairs(image_set)
        self.sources = np.stack([image_set.images[i] for i, _ in self.pairs])
        self.targets = np.stack([image_set.images[j] for _, j in self.pairs])
        self.names = [showcase.name(image_set, i, j) for i, j in self.pairs]
        self.truths = [_truth(image_set, i, j) for i, j in self.pairs]
        self.writer = tf.summary.create_file_writer(
            os.path.join(folder, "logs", "strips")
        )

    def on_train_begin(self, logs=None):
        """Draws the untrained model."""
        if self.start_step == 0:
            self._draw(0)

    def on_step(self, step, logs):
        """Draws if it is time."""
        if step % self.every == 0 or step == self.steps:
            self._draw(step)

    def _draw(self, step):
        alphas = np.tile(STRIP_ALPHAS, [len(self.pairs), 1])
        blends = interpolation.lerp(self.sources, self.targets, alphas)
        interpolated = self.model.interpolate(
            self.sources, self.targets, alphas
        ).numpy()
        folder = os.path.join(self.folder, "strips", f"step_{step:08d}")
        os.makedirs(folder, exist_ok=True)
        with self.writer.as_default(step):
            for k, name in enumerate(self.names):
                rows = {"blend": blends[k].numpy(), "model": interpolated[k]}
                if self.truths[k] is not None:
                    rows["truth"] = self.truths[k]
                path = os.path.join(folder, showcase.file_name(name) + ".png")
                strips.save_strip(path, rows, STRIP_ALPHAS)
                # TensorBoard shrinks pictures to cards in which nine columns
                # would be too small to see.
                wide = {row: images[::2] for row, images in rows.items()}
                picture = strips.draw_strip(wide, STRIP_ALPHAS[::2])
                tf.summary.image(name, picture[np.newaxis])
        self.writer.flush()


class Checkpoints(StepCallback):
    """Saves regularly and at the end, and stops at a signal.

    The first SIGINT (Ctrl-C) or SIGTERM ends training after the step under
    way; a second one ends the process at once. In a team, a signal to any
    worker stops all of them after the same step, and the chief saves.

    Attributes:
        signal: the number of the signal that came, or None.
        step: steps taken so far.
    """

    def __init__(
        self, start_step: int, folder: str, every: int, team: strategies.Team
    ):
        """Takes what to save, when, and for whom.

        Args:
            start_step: steps taken before this call.
            folder: of the run.
            every: steps between two checkpoints.
            team: whose chief saves.
        """
        super().__init__(start_step)
        self.team = team
        self.folder = folder
        self.every = every
        self.step = self.saved = start_step
        self.signal = None

    def on_train_begin(self, logs=None):
        """Begins to listen for signals."""
        self.handlers = {
            number: signal.signal(number, self._stop)
            for number in (signal.SIGINT, signal.SIGTERM)
        }

    def on_step(self, step, logs):
        """Saves if it is time."""
        self.step = step
        if step % self.every == 0:
            self._save()
        stop = max(self.team.ask(self.signal or 0))
        if stop:
            self.signal = stop
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Saves what is not yet saved."""
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        if self.step > self.saved:
            self._save()

    def _save(self):
        for variable in self.model.weights:
            if not np.all(np.isfinite(variable.numpy())):
                raise _diverged(
                    f"the weights {variable.path!r} are no longer finite at "
                    f"step {self.step}",
                    self.folder,
                )
        if self.team.is_chief:
            checkpoints.save(self.model, self.folder, self.step)
        self.saved = self.step

    def _stop(self, number, frame):
        del frame
        self.signal = number
        signal.signal(number, self.handlers[number])


def _truth(image_set, source: int, target: int):
    images = [image_set.between(source, target, a) for a in STRIP_ALPHAS]
    known = [image is not None for image in images]
    if not any(known):
        return None
    blank = np.ones_like(image_set.images[source])
    return np.stack([blank if i is None else i for i in images])


def _diverged(what: str, folder: str) -> UserError:
    last = checkpoints.last(folder)
    kept = f"the last good checkpoint is {last}" if last else "none was saved"
    return UserError(
        f"training diverged: {what}; {kept}. Try a smaller "
        f"--config.learning_rate or smaller weights in another --workdir"
    )
