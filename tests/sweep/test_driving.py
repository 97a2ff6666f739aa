import os

from aeai_tf.sweep import driving, results, scheduling
from tests.sweep.made_up import MEASURE, make


def test_only_what_is_missing_is_run(some, monkeypatch):
    folder, made = some
    grids = {"lambda_cycle": ["0", "10"], "batch_size": ["8"]}
    changed = make(["aeai"], grids=grids, steps=1000)
    run = []

    def pretend(jobs, where, done):
        for job in jobs:
            run.append(job.name)
            os.makedirs(job.folder, exist_ok=True)
            done(job)

    monkeypatch.setattr(driving, "_prepare", lambda *_: None)
    monkeypatch.setattr(scheduling, "run", pretend)
    folder.open({"steps": 1000}, changed)
    driving.run(folder, changed, [MEASURE], scheduling.Where())
    assert run == ["coil100_3/aeai_seed0_batch_size=8_lambda_cycle=10"]
    assert len(results.read(folder, [MEASURE])) == len(made) + 1
    run.clear()
    more = make(["aeai"], grids=grids, steps=2000)
    driving.run(folder, more, [MEASURE], scheduling.Where())
    assert len(run) == 2
