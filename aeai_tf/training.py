"""Trains a configuration in a run's folder, from wherever it stopped."""

import signal
import sys

import tensorflow as tf

from aeai_tf import callbacks, checkpoints, runs
from aeai_tf.data import pipeline
from aeai_tf.errors import UserError

HELD_OUT_BATCHES = 2


def train(config, folder: str) -> int:
    """Trains until `config.steps`, resuming from the last checkpoint.

    What a step sees and draws is a function of (seed, step) alone, so a
    resumed run ends, on CPU, with the same weights bit for bit as one that
    was never interrupted.

    Args:
        config: checked by `aeai_tf.config.check`.
        folder: of the run, see `aeai_tf.runs`.

    Returns:
        0, or 128 plus the number of the signal that stopped it.

    Raises:
        UserError: bad input, divergence, a full disk.
    """
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
    runs.check_folder(folder, config)
    data = runs.load_data(config)
    model = runs.build_model(config)
    runs.open_folder(folder, config)
    start_step = 0
    checkpoint = checkpoints.last(folder)
    if checkpoint:
        checkpoints.load(model, checkpoint)
        start_step = checkpoints.step_of(checkpoint)
        print(f"resuming {folder} at step {start_step}")
    if not model.players:
        return _show(model, config, folder, data)
    if start_step >= config.steps:
        print(f"{folder} is complete: {start_step} of {config.steps} steps")
        return 0

    saver = callbacks.Checkpoints(start_step, folder, config.checkpoint_every)
    held_out = pipeline.fixed_pairs(
        data.images[data.held_out],
        config.seed,
        config.batch_size,
        HELD_OUT_BATCHES,
        model.sample,
    )
    try:
        model.fit(
            pipeline.pairs(
                data.images[data.train],
                config.seed,
                config.batch_size,
                config.steps,
                start_step,
                model.sample,
                model.rounds,
            ),
            shuffle=False,  # Shuffled already; spares a warning.
            verbose=0,
            callbacks=[
                callbacks.StopOnNonFinite(start_step, folder),
                callbacks.Progress(
                    start_step, config.steps, f"{config.method} on {data.name}"
                ),
                callbacks.Scalars(
                    start_step,
                    config.steps,
                    folder,
                    config.log_every,
                    model.term_names,
                    held_out,
                ),
                callbacks.ImageStrips(
                    start_step, config.steps, folder, config.strip_every, data
                ),
                saver,
            ],
        )
    except (OSError, tf.errors.OpError) as error:
        raise UserError(
            f"could not write to {folder!r} ({_sentence(error)}); its last "
            f"checkpoint is whole: make room, then the same command resumes"
        ) from error
    if saver.signal:
        print(
            f"stopped by {signal.Signals(saver.signal).name} and saved at step "
            f"{saver.step} of {config.steps}; the same command resumes",
            file=sys.stderr,
        )
        return 128 + saver.signal
    print(
        f"trained {config.steps} steps into {folder}: strips/ has pictures, "
        f"metrics.csv the numbers\n"
        f"  tensorboard --logdir={folder}\n"
        f"  aeai-export --run={folder} --out=models/{config.method}"
    )
    return 0


def _show(model, config, folder: str, data) -> int:
    """Draws the strips of a method that learns nothing, and saves it."""
    pictures = callbacks.ImageStrips(0, 0, folder, 1, data)
    pictures.set_model(model)
    pictures.on_train_begin()
    checkpoints.save(model, folder, 0)
    print(
        f"{config.method} has nothing to learn: {folder}/strips has pictures\n"
        f"  tensorboard --logdir={folder}\n"
        f"  aeai-export --run={folder} --out=models/{config.method}"
    )
    return 0


def _sentence(error: Exception) -> str:
    # TensorFlow puts the failing operation, {{...}}, in front.
    return str(error).rpartition("}} ")[2].strip().split("\n", maxsplit=1)[0]
