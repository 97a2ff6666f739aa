"""One job after the other, in a process of its own.

    python -m aeai_tf.pose_regression.working <study>

Each job is trained where it stopped, and left alone if it is done, has failed
in this call, or another process is at it. Several of these processes share a
study's jobs.
"""

import json
import os
import resource
import signal
import sys

from absl import logging

from aeai_tf import files, programs
from aeai_tf.errors import UserError
from aeai_tf.pose_regression.study import (
    FACTOR,
    MIXUP,
    WITHOUT_RUN,
    Job,
    Study,
)
from aeai_tf.sweep import running

AGAIN = 75  # Exit code: there is more to do, for a fresh process.
# Of memory; what TensorFlow has compiled is not wholly given back.
ENOUGH = 3 * 2**30
DIGITS = 2  # Of degrees.


def do(study: Study, job: Job, regressor) -> None:
    """Does one job, and writes its result, or why there is none.

    Args:
        study: it is of.
        job: to do.
        regressor: an `aeai_tf.pose_regression.regressor.Regressor`.
    """
    try:
        result = _result(study, job, regressor)
    except UserError as error:
        path = os.path.join(study.of(job), "failure.txt")
        files.write_text(path, f"{error}\n")
    else:
        path = os.path.join(study.of(job), "result.json")
        files.write_text(path, json.dumps(result) + "\n")


def _result(study: Study, job: Job, regressor) -> dict:
    import numpy as np

    from aeai_tf import runs
    from aeai_tf.pose_regression import regressor as regressors
    from aeai_tf.pose_regression import samples

    config = study.config(job)
    data = runs.load_data(config)
    known = data.factors[FACTOR]
    images, angles = data.images[data.train], known[data.train]
    made = samples.Samples(images[:0], angles[:0], 0)
    if job.variant not in WITHOUT_RUN:
        model = _trained(config, study.run(job))
        made = samples.interpolate(model, data, job.seed, study.samples)
    regressor.train(
        np.concatenate([images, made.images]),
        np.concatenate([angles, made.angles]),
        samples.batches(
            len(images),
            len(made.images),
            job.seed,
            study.regressor_steps,
            mixup=job.variant == MIXUP,
        ),
        job.seed,
    )
    unseen = data.held_out
    errors = regressors.errors(
        regressor.angles(data.images[unseen]), known[unseen]
    )
    return {
        "settings": study.settings(job),
        "steps": study.steps_taken(job),
        "attempts": made.attempts,
        "kept": len(made.images),
        "angles": known[unseen].tolist(),
        "errors": np.round(errors.astype(float), DIGITS).tolist(),
    }


def _trained(config, folder: str):
    """The model of a run, trained from where it stopped."""
    from aeai_tf import runs, training

    code = training.train(config, folder)
    if code:  # A signal: it has saved.
        sys.exit(code)
    return runs.load(folder)[1]


def work(study: Study) -> None:
    """Does what is to be done, until all is or this process is too large.

    What other processes are at is waited for at the end: where one was killed,
    its job is open again.
    """
    from aeai_tf.pose_regression.regressor import Regressor

    regressor = Regressor(study.fixed["image_size"])
    for wait in (False, True):
        for job in study.jobs():
            if _is_over(study, job):
                continue
            folder = study.of(job)
            os.makedirs(folder, exist_ok=True)
            try:
                with running.lock(os.path.join(folder, "lock"), wait):
                    if _is_over(study, job):
                        continue
                    do(study, job, regressor)
            except BlockingIOError:
                continue
            if job.variant not in WITHOUT_RUN:
                _forget()
            if _memory() > ENOUGH:
                sys.exit(AGAIN)


def _is_over(study: Study, job: Job) -> bool:
    return bool(study.result(job) or study.failure(job))


def _forget() -> None:
    """Gives back what a model took."""
    import keras

    keras.backend.clear_session()  # And collects garbage.


def _memory() -> int:
    """The most bytes that this process ever took."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Works at the study that the command line holds."""
    # While nothing is to be saved; training listens itself.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    logging.set_verbosity(logging.WARNING)  # Else Keras's names, by the page.
    work(Study.from_json(sys.argv[1]))


if __name__ == "__main__":
    programs.report(main, "tools/pose_regression.py", 1)
