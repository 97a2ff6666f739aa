"""A whole sweep: what is missing is trained and measured, then shown."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from aeai_tf import config as configuration
from aeai_tf import files, planned
from aeai_tf.errors import UserError
from aeai_tf.evaluation import figures
from aeai_tf.sweep import measures, plot, results, running, scheduling, table
from aeai_tf.sweep.trials import Folder, Trial

SECONDS_A_MEASURE = 15  # Imports, data, some decoding.
# What decides how long a step of AE takes.


def run(
    folder: Folder,
    made: Sequence[Trial],
    names: Sequence[str],
    where: scheduling.Where,
) -> None:
    """Trains and measures what is missing; keeps table and plot up to date.

    Args:
        folder: of the sweep, opened with these trials.
        made: the trials.
        names: of measures, keys of `metrics.json` joined with dots.
        where: to run them.

    Raises:
        UserError: the data or the cluster cannot be had.
    """
    todo = _open(folder, made, names)
    print(
        f"{len(made)} trials, {len(made) - len(todo)} of them finished",
        flush=True,
    )
    _write(folder, names)
    if not todo:
        return
    _prepare(todo, names)
    jobs = {_job(folder, trial, names, where): trial for trial in todo}
    began, ended = time.monotonic(), []

    def done(job: running.Job) -> None:
        ended.append(job)
        result = results.read_one(folder, jobs[job], names)
        passed = (time.monotonic() - began) / 60
        left = passed / len(ended) * (len(todo) - len(ended))
        print(
            f"[{len(ended)}/{len(todo)}] {job.name}: {_outcome(result)}"
            + (f" (about {left:.1f} minutes left)" if left else ""),
            flush=True,
        )
        _write(folder, names, drawn=False)

    try:
        scheduling.run(list(jobs), where, done)
    finally:
        _write(folder, names)


def say_what_it_would_take(
    folder: Folder,
    made: Sequence[Trial],
    names: Sequence[str],
    where: scheduling.Where,
    costs: str,
) -> None:
    """Lists the trials and prints about how long the sweep takes here.

    Args:
        folder: of the sweep, which need not exist.
        made: the trials.
        names: of measures, keys of `metrics.json` joined with dots.
        where: to run them.
        costs: path of the file for `planned.costs`.
    """
    todo = _open(folder, made, names)
    for trial in made:
        steps = planned.steps_left(folder.run(trial), trial.config.steps)
        state = f"{steps} steps to go" if steps else "to be measured"
        print(f"{trial.name}: {state if trial in todo else 'finished'}")
    slots = where.slots
    # TensorFlow takes as many threads as a trial would.
    cores = sorted(os.sched_getaffinity(0))[: where.cores]
    os.sched_setaffinity(0, cores)
    seconds, known, steps_of_ae = 0.0, planned.costs(costs), {}
    for trial in todo:
        config = trial.config
        key = tuple(config[key] for key in planned.COSTLY)
        if key not in steps_of_ae:
            steps_of_ae[key], _ = planned.seconds_of_ae(config)
        left = planned.steps_left(folder.run(trial), config.steps)
        seconds += SECONDS_A_MEASURE + planned.seconds_of_training(
            trial.method, left, steps_of_ae[key], known
        )
    print(
        f"{len(made)} trials, {len(made) - len(todo)} of them finished; the "
        f"rest takes about {seconds / slots / 60:.0f} minutes on the "
        f"processor of this machine, {slots} at once"
    )


def _open(
    folder: Folder, made: Sequence[Trial], names: Sequence[str]
) -> list[Trial]:
    """The trials that are not yet finished."""
    return [
        trial
        for trial in made
        if planned.steps_left(folder.run(trial), trial.config.steps)
        or results.read_one(folder, trial, names).state != "finished"
    ]


def _prepare(todo: Sequence[Trial], names: Sequence[str]) -> None:
    """Makes data sets ready in one process, and refuses those that won't do."""
    configs = {}
    for trial in todo:
        key = (trial.data, trial.config.image_size)
        configs.setdefault(key, json.loads(configuration.to_json(trial.config)))
    print(f"preparing {len(configs)} data sets", flush=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "aeai_tf.sweep.measure"),
            *("prepare", json.dumps(list(configs.values())), *names),
        ],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(running.last_sentence(done.stderr))


def _job(
    folder: Folder,
    trial: Trial,
    names: Sequence[str],
    where: scheduling.Where,
) -> running.Job:
    return running.Job(
        name=trial.name,
        folder=folder.of(trial),
        train_flags=tuple(trial.train_flags(folder.run(trial))),
        measures=tuple(names),
        cores=where.cores,
        gpus=where.gpus,
        directory=os.getcwd(),
    )


def _outcome(result: results.Result) -> str:
    if result.state != "finished":
        return f"{result.state}: {result.reason}"
    return ", ".join(f"{n['value']:.4g}" for n in result.numbers.values())


def _write(folder: Folder, names: Sequence[str], drawn: bool = True) -> None:
    found = results.read(folder, names)
    for name, text in {
        "table.csv": results.to_csv(found, folder),
        "table.md": table.markdown(found, names),
    }.items():
        files.write_text(os.path.join(folder.path, name), text)
    figure = plot.draw(found, names) if drawn else None
    if figure:
        title = "; ".join(map(measures.label, names))
        figures.save(figure, folder.path, "plot", title, title)
