"""A worker that trains tiny runs; a program of `test_strategies.py`.

    python -m tests.one_worker <strategy> <images> <folder> <rank>

Prints the exit codes of its runs as JSON, and leaves the weights and the
optimisers of the run "gaia" in `<folder>/<strategy>_<rank>.npz`.
"""

import functools
import json
import os
import signal
import sys

import keras
import numpy as np
import tensorflow as tf

from aeai_tf import networks, runs, strategies, training
from tests.evaluation import small_runs

SMALL_NETWORKS = {"BLOCK_FILTERS": (8,), "DENSE_UNITS": 8}


def main():
    """Trains; the workers of a team all run this."""
    strategy, images, folder, rank = sys.argv[1:]
    for name, value in SMALL_NETWORKS.items():
        setattr(networks, name, value)
    tf.config.optimizer.set_experimental_options(
        {"disable_meta_optimizer": True}
    )
    # A gradient that is 0 but for rounding would move a weight by the whole
    # rate, one way on one processor and the other on the next.
    keras.optimizers.Adam = functools.partial(
        keras.optimizers.Adam, epsilon=1e-3
    )
    # Several runs in one process are of the same team.
    strategies.start = functools.cache(strategies.start)
    models = []
    build = runs.build_model
    runs.build_model = lambda config: models.append(build(config)) or models[-1]

    def train(name: str, method: str, steps: int) -> int:
        config = small_runs.config(
            images,
            method,
            steps=steps,
            batch_size=4,
            num_blocks=1,
            normalization="group",
            log_every=2,
            strip_every=4,
            checkpoint_every=2,
        )
        return training.train(config, os.path.join(folder, name), strategy)

    codes = [train("gaia", "gaia", 4)]
    optimizers = models[0].player_optimizers.values()
    state = [v for o in optimizers for v in o.variables] + models[0].weights
    path = os.path.join(folder, f"{strategy}_{rank}.npz")
    np.savez(path, *[variable.numpy() for variable in state])

    if strategy == "multi_worker":
        codes += [train("at_once", "ae", 4)]
        codes += [train("in_two", "ae", 2), train("in_two", "ae", 4)]
        _signal_after(6)
        codes += [train("stopped", "ae", 100)]
    print(json.dumps(codes))


def _signal_after(questions: int) -> None:
    """Sends SIGTERM to the worker that is not the chief, in mid-training."""
    ask, left = strategies.Team.ask, [questions]

    def counted(team, value):
        left[0] -= 1
        if left[0] == 0 and not team.is_chief:
            os.kill(os.getpid(), signal.SIGTERM)
        return ask(team, value)

    strategies.Team.ask = counted


if __name__ == "__main__":
    main()
