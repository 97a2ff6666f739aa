"""Trains a configuration in a run's folder, from wherever it stopped."""

import signal
import sys
import zlib

import tensorflow as tf

from aeai_tf import callbacks, checkpoints, loop, runs, strategies
from aeai_tf import config as configuration
from aeai_tf.data import neighbors, pipeline
from aeai_tf.errors import UserError

HELD_OUT_BATCHES = 2
# What collective operations raise once a worker is gone.
LOST_WORKER = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)

# What goes wrong in a step, and not in writing.
COMPUTING = (
    tf.errors.InternalError,
    tf.errors.InvalidArgumentError,
    tf.errors.UnimplementedError,
)


def train(config, folder: str, strategy: str = "default") -> int:
    """Trains until `config.steps`, resuming from the last checkpoint.

    What a step sees and draws is a function of (seed, step) alone, so a
    resumed run ends, on CPU, with the same weights bit for bit as one that
    was never interrupted.

    Args:
        config: checked by `aeai_tf.config.check`.
        folder: of the run, see `aeai_tf.runs`; shared by all workers.
        strategy: one of `aeai_tf.strategies.NAMES`.

    Returns:
        0, or 128 plus the number of the signal that stopped it.

    Raises:
        UserError: bad input, divergence, a full disk, a lost worker.
    """
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
    # Before workers meet: later, the chief may be about to write.
    runs.check_folder(folder, config)
    team = strategies.start(strategy)
    try:
        return _train(config, folder, strategy, team)
    except LOST_WORKER as error:
        if team.workers == 1:
            raise
        raise UserError(
            "another worker is gone, or did not answer in time; start all of "
            "them again to resume from the last checkpoint"
        ) from error


def _train(config, folder: str, strategy: str, team: strategies.Team) -> int:
    if "batch_size" in config:
        strategies.check_batch(config.batch_size, team.replicas)
    with team.chief_first():  # It may have to download or render them.
        data = runs.load_data(config)
    with team.strategy.scope():
        model = runs.build_model(config)
    start_step = 0
    checkpoint = checkpoints.last(folder)
    if checkpoint:
        checkpoints.load(model, checkpoint)
        start_step = checkpoints.step_of(checkpoint)
    _compare(team, config, data, start_step)
    if team.is_chief:
        runs.check_images(folder, data)
        runs.open_folder(folder, config, strategy, team.replicas)
        runs.note_images(folder, data)
        if checkpoint:
            print(f"resuming {folder} at step {start_step}")
    if not model.players:
        return _show(model, config, folder, data) if team.is_chief else 0
    if start_step >= config.steps:
        if team.is_chief:
            print(f"{folder} is complete: {start_step} of {config.steps} steps")
        return 0

    saver = callbacks.Checkpoints(
        model, start_step, folder, config.checkpoint_every, team
    )
    try:
        _take_steps(model, config, folder, data, team, saver)
        team.ask(0)  # The others wait for what the chief has still to write.
    except (OSError, tf.errors.OpError) as error:
        lost = team.workers > 1 and isinstance(error, LOST_WORKER)
        if lost or isinstance(error, COMPUTING):
            raise
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
    if team.is_chief:
        print(
            f"trained {config.steps} steps into {folder}: strips/ has "
            f"pictures, metrics.csv the numbers\n"
            f"  tensorboard --logdir={folder}\n"
            f"  aeai-export --run={folder} --out=models/{config.method}"
        )
        if warning := model.warning():
            print(f"warning: {warning}", file=sys.stderr)
    return 0


def _take_steps(model, config, folder, data, team, saver) -> None:
    """Trains from `saver.step` on; the callbacks watch."""
    start_step, last = saver.step, config.steps
    images = data.images[data.train]
    model.prepare(images)
    partners = None
    if config.pair_share < 1:
        partners = neighbors.nearest(images, config.pair_share)
    steps = loop.Loop(
        model,
        team,
        pipeline.pairs(
            images,
            config.seed,
            config.batch_size,
            last,
            start_step,
            model.sample,
            model.rounds,
            partners,
        ),
        pipeline.fixed_pairs(
            data.images[data.held_out],
            config.seed,
            config.batch_size,
            HELD_OUT_BATCHES,
            model.sample,
        ),
    )
    watching: list[callbacks.Callback] = [
        callbacks.StopOnNonFinite(start_step, folder),
        callbacks.Scalars(
            start_step, last, folder, config.log_every, steps, team.is_chief
        ),
    ]
    if team.is_chief:
        title = f"{config.method} on {data.name}"
        watching += [
            callbacks.Progress(start_step, last, title),
            callbacks.ImageStrips(
                model, start_step, last, folder, config.strip_every, data
            ),
        ]
    watching.append(saver)
    for callback in watching:
        callback.on_train_begin()
    due = config.log_every, config.strip_every, config.checkpoint_every
    for step, terms in steps.steps(start_step, last, due):
        for callback in watching:
            callback.on_step(step, terms)
        if saver.signal:
            break
    for callback in watching:
        callback.on_train_end()


def _compare(team: strategies.Team, config, data, start_step: int) -> None:
    """Refuses workers that would not take the same steps."""
    settings = configuration.flatten(config)
    for key in (
        *("data.coil100_dir", "data.data_dir", "data.dir", "data.factors"),
        *("data.cache_dir", "perceptual_weights"),
    ):
        settings.pop(key, None)  # A matter of each machine.
    told = f"{sorted(settings.items())} {start_step}".encode()
    if len(set(team.ask(zlib.crc32(data.images, zlib.crc32(told))))) > 1:
        raise UserError(
            "the workers have different configurations, images or last "
            "checkpoints: give all of them the same flags, images, and a "
            "--workdir that they share"
        )


def _show(model, config, folder: str, data) -> int:
    """Draws the strips of a method that learns nothing, and saves it."""
    pictures = callbacks.ImageStrips(model, 0, 0, folder, 1, data)
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
