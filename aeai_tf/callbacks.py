"""What happens between calls of training steps: showing, saving, stopping."""

import math
import os
import signal
import sys
import time

import numpy as np
import tensorflow as tf
import tqdm

from aeai_tf import checkpoints, interpolation, loop, runs, strategies, strips
from aeai_tf.data import showcase
from aeai_tf.errors import UserError

STRIP_ALPHAS = np.linspace(0.0, 1.0, 9, dtype=np.float32)


class Callback:
    """What is called between the steps of a run; does nothing itself."""

    def on_train_begin(self) -> None:
        """Called before the first step of this call of the program."""

    def on_step(self, step: int, terms: dict[str, float]) -> None:
        """Called after every call of some steps.

        Args:
            step: steps taken so far, over all calls of the program.
            terms: their means since the last row of `Scalars`.
        """

    def on_train_end(self) -> None:
        """Called after the last step, unless an error ended the run."""


class StopOnNonFinite(Callback):
    """Ends a run whose loss diverged, keeping its last good checkpoint."""

    def __init__(self, start_step: int, folder: str):
        """Takes the steps taken so far, and the run's folder."""
        self.step = start_step
        self.folder = folder

    def on_step(self, step, terms):
        """Raises `UserError` with the step and the term."""
        bad = [n for n, value in terms.items() if not math.isfinite(value)]
        first, self.step = self.step + 1, step
        if bad:
            one = first == step
            when = f"step {step}" if one else f"one of steps {first} to {step}"
            raise _diverged(
                f"the term {' and '.join(map(repr, bad))} became "
                f"{terms[bad[0]]} at {when}",
                self.folder,
            )


class Progress(Callback):
    """A progress bar with the time left and the first term."""

    def __init__(self, start_step: int, steps: int, description: str):
        """Takes the steps of the whole run and what to call it."""
        self.start_step = start_step
        self.steps = steps
        self.description = description

    def on_train_begin(self):
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

    def on_step(self, step, terms):
        """Moves the bar."""
        name, value = next(iter(terms.items()))
        self.bar.set_postfix_str(f"{name}={value:.4f}", refresh=False)
        self.bar.update(step - self.bar.n)

    def on_train_end(self):
        """Leaves the bar where it stopped."""
        self.bar.close()


class Scalars(Callback):
    """Writes every term, of training and held-out pairs, and their means.

    All workers of a team evaluate; the chief writes.
    """

    def __init__(
        self,
        start_step: int,
        steps: int,
        folder: str,
        every: int,
        trained: loop.Loop,
        writes: bool = True,
    ):
        """Takes what to write and where.

        Args:
            start_step: steps taken before this call.
            steps: of the whole run.
            folder: of the run.
            every: steps between two rows, over which terms are averaged.
            trained: what takes the steps.
            writes: whether to write.
        """
        self.steps = steps
        self.every = every
        self.loop = trained
        self.writes = writes
        if not writes:
            return
        self.file = runs.MetricsFile(
            folder, trained.model.term_names, start_step
        )
        self.writers = {
            split: tf.summary.create_file_writer(
                os.path.join(folder, "logs", split)
            )
            for split in ("train", "held_out")
        }
        self.began = time.monotonic() - self.file.seconds

    def on_step(self, step, terms):
        """Writes if it is time, then starts new means."""
        if step % self.every == 0 or step == self.steps:
            self._write(step, "train", terms)
            self._write(step, "held_out", self.loop.held_out_terms())

    def _write(self, step, split, terms):
        if not self.writes:
            return
        with self.writers[split].as_default(step):
            for name, value in terms.items():
                tf.summary.scalar(name, value)
        self.writers[split].flush()
        self.file.append(step, split, time.monotonic() - self.began, terms)


class ImageStrips(Callback):
    """Draws interpolations of chosen pairs, for TensorBoard and as PNG.

    Rows: pixel blend, model, and truth where the set knows it; columns: alpha
    from 0 to 1, nine in the PNG files, every other one in TensorBoard.
    """

    def __init__(self, model, start_step, steps, folder, every, image_set):
        """Takes what to draw and where.

        Args:
            model: what interpolates.
            start_step: steps taken before this call.
            steps: of the whole run.
            folder: of the run.
            every: steps between two drawings; the first and the last step
                are drawn too.
            image_set: an `aeai_tf.data.image_set.ImageSet`.
        """
        self.model = model
        self.start_step = start_step
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

    def on_train_begin(self):
        """Draws the untrained model."""
        if self.start_step == 0:
            self._draw(0)

    def on_step(self, step, terms):
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


class Checkpoints(Callback):
    """Saves regularly and at the end, and stops at a signal.

    The first SIGINT (Ctrl-C) or SIGTERM ends training after the call of steps
    under way; a second one ends the process at once. In a team, a signal to any
    worker stops all of them after the same step, and the chief saves.

    Attributes:
        signal: the number of the signal that stops training, or None.
        step: steps taken so far.
    """

    def __init__(
        self,
        model,
        start_step: int,
        folder: str,
        every: int,
        team: strategies.Team,
    ):
        """Takes what to save, when, and for whom.

        Args:
            model: compiled `aeai_tf.methods.base.InterpolationModel`.
            start_step: steps taken before this call.
            folder: of the run.
            every: steps between two checkpoints.
            team: whose chief saves.
        """
        self.model = model
        self.team = team
        self.folder = folder
        self.every = every
        self.step = self.saved = start_step
        self.signal = None
        self._heard = 0

    def on_train_begin(self):
        """Begins to listen for signals."""
        self.handlers = {
            number: signal.signal(number, self._stop)
            for number in (signal.SIGINT, signal.SIGTERM)
        }

    def on_step(self, step, terms):
        """Saves if it is time."""
        self.step = step
        if step % self.every == 0:
            self._save()
        self.signal = max(self.team.ask(self._heard)) or None

    def on_train_end(self):
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
        self._heard = number
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
