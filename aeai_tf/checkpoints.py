"""Checkpoints of a run: `checkpoints/step_00000250.npz`, the last two of them.

One array a variable, under names such as `encoder/3` (the encoder's fourth
variable; Keras' own names change from process to process) and
`optimizers/discriminator/0`. NumPy's format, since HDF5, and with it Keras' own
weights file, ends the process with a segmentation fault when the disk is full.
"""

import glob
import io
import os
import re
import zipfile

import numpy as np

from aeai_tf.errors import UserError

KEPT = 2


def paths(folder: str) -> list[str]:
    """Paths of a run's complete checkpoints, oldest first."""
    return sorted(glob.glob(os.path.join(folder, "checkpoints", "step_*.npz")))


def last(folder: str) -> str | None:
    """Path of a run's newest checkpoint, or None."""
    return (paths(folder) or [None])[-1]


def step_of(path: str) -> int:
    """Steps that had been taken at a checkpoint."""
    return int(re.search(r"step_(\d+)\.npz$", path)[1])


def save(model, folder: str, step: int) -> str:
    """Saves networks and optimisers whole or not at all; drops old ones.

    Args:
        model: compiled `aeai_tf.methods.base.InterpolationModel`.
        folder: of the run.
        step: steps taken so far.

    Returns:
        The path of the checkpoint.

    Raises:
        UserError: it could not be written, for instance on a full disk. What
            was there before is untouched.
    """
    path = os.path.join(folder, "checkpoints", f"step_{step:08d}.npz")
    partial = os.path.join(folder, "checkpoints", "partial")
    content = io.BytesIO()
    np.savez(content, **{k: v.numpy() for k, v in _state(model).items()})
    try:
        with open(partial, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.remove(partial)
        kept = (
            f"that of step {step_of(last(folder))}" if last(folder) else "none"
        )
        raise UserError(
            f"could not write the checkpoint of step {step} to {folder!r} "
            f"({error.strerror}); the last whole one is {kept}; make room, "
            f"then the same command resumes"
        ) from error
    for old in paths(folder)[:-KEPT]:
        os.remove(old)
    return path


def load(model, path: str) -> None:
    """Restores what `save` saved.

    Raises:
        UserError: the file is damaged or of other networks.
    """
    state = _state(model)
    try:
        with np.load(path) as arrays:
            values = dict(arrays)
        shapes = {name: value.shape for name, value in values.items()}
        if shapes != {name: tuple(v.shape) for name, v in state.items()}:
            raise ValueError("it is of other networks")
        for name, variable in state.items():
            variable.assign(values[name])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f"the checkpoint {path!r} cannot be read ({error}); remove it to "
            f"go on from the one before"
        ) from error


def _state(model) -> dict:
    """All variables that a step changes, by a name that never changes."""
    groups = {
        network: getattr(model, network).weights
        for networks in model.players.values()
        for network in networks
    }
    for network, average in model.averaged.items():
        groups[f"averaged/{network}"] = average.weights
    for player, optimizer in model.player_optimizers.items():
        groups[f"optimizers/{player}"] = optimizer.variables
    if model.counters:
        groups["counters"] = [v for _, v in sorted(model.counters.items())]
    return {
        f"{group}/{number}": variable
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }
