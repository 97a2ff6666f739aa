import dataclasses
import json
import os
import pathlib

import numpy as np
import pytest

from aeai_tf import runs
from aeai_tf.errors import UserError
from aeai_tf.pose_regression import study as studies
from tests.pose_regression import toy


def test_jobs_are_all_combinations_seeds_last(tmp_path):
    study = toy.make(tmp_path, poses=(4, 8), seeds=(0, 3))
    jobs = study.jobs()
    assert len(jobs) == len({job.name for job in jobs}) == 2 * 2 * 4
    variants = ["nothing", "mixup", "ae", "pixel_blend"]
    assert [job.variant for job in jobs[:4]] == variants
    assert [job.seed for job in jobs] == 8 * [0] + 8 * [3]
    assert study.of(jobs[0]) == f"{tmp_path}/coil100_5/4_poses_seed0/nothing"


def test_exactly_so_many_poses_train_and_fewer_are_among_them(tmp_path, images):
    poses = (2, 3, 7, 8, 16, 32, 57, 71)
    study = toy.make(tmp_path, images, poses=poses)
    smaller = set()
    for count in poses:
        splits = {
            (tuple(data.train), tuple(data.held_out))
            for job in study.jobs()
            if job.poses == count
            for data in [runs.load_data(study.config(job))]
        }
        assert len(splits) == 1  # Whatever is added.
        train, unseen = map(set, splits.pop())
        assert len(train) == count
        assert train | unseen == set(range(toy.POSES))
        assert not train & unseen
        assert smaller <= train
        smaller = train


def test_autoencoders_have_those_of_the_values_that_they_know(tmp_path, images):
    values = studies.fix(
        ["ae", "aeai", "pixel_blend"],
        toy.fixed(images),
        {"lambda_cycle": "0.5", "steps": "7", "aeai.steps": "8"},
    )
    study = toy.make(tmp_path, methods=("ae", "aeai"), fixed=values)
    jobs = study.jobs()[2:]
    ae, aeai = map(study.config, jobs)
    assert "lambda_cycle" not in ae
    assert aeai.lambda_cycle == 0.5
    assert [ae.steps, aeai.steps] == [7, 8] == list(map(study.steps, jobs))
    assert studies.Study.from_json(study.to_json()) == study


def test_the_tools_own_values_may_be_of_one_method(tmp_path, images):
    own = toy.fixed(images) | {"steps": 7, "aeai.steps": 14}
    for typed, steps in (({}, 14), ({"aeai.steps": "9"}, 9)):
        values = studies.fix(["ae", "aeai"], own, typed)
        study = toy.make(tmp_path, methods=("ae", "aeai"), fixed=values)
        assert [study.steps(job) for job in study.jobs()[2:]] == [7, steps]


@pytest.mark.parametrize(
    ("methods", "typed", "message"),
    [
        (["ea"], {}, "unknown method 'ea'"),
        (["ae"], {"stesp": "3"}, "mean 'steps'"),
        (["ae"], {"lambda_cycle": "3"}, "unknown configuration key"),
        (["ae"], {"latent_dim": "x"}, "is no whole number"),
        (["ae"], {"data.train_fraction": "0.5"}, "set by --poses"),
        (["ae"], {"ae.image_size": "32"}, "all have the same image_size"),
    ],
)
def test_bad_values_are_refused(methods, typed, message):
    with pytest.raises(UserError, match=message):
        studies.fix(methods, toy.fixed("images"), typed)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"poses": (8, 72)}, "of the 72 images of coil100/5, 2 to 71 can"),
        ({"poses": (1,)}, "to test with, not 1"),
        ({"poses": ()}, "--poses is empty"),
        ({"poses": (8, 8)}, "--poses: 8 is there twice"),
        ({"seeds": (1, 1)}, "--seeds: 1 is there twice"),
        ({"methods": ("ae", "ae")}, "--methods: ae is there twice"),
        ({"fixed": toy.fixed("", image_size=20)}, "image_size=20"),
        ({"fixed": toy.fixed("", latent_dim=0)}, "must be at least 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, values, message):
    with pytest.raises(UserError, match=message):
        toy.make(tmp_path, **values).check()


def test_an_object_that_is_not_there_is_refused(images):
    with pytest.raises(UserError, match="object 6 is not in"):
        studies.count_images("coil100/6", toy.fixed(images))
    assert studies.count_images(toy.DATA, toy.fixed(images)) == toy.POSES


def test_runs_of_another_configuration_are_refused(tmp_path):
    study = toy.make(tmp_path)
    _, _, ae, _ = study.jobs()
    runs.open_folder(study.run(ae), study.config(ae))
    study.check()
    longer = dataclasses.replace(study, fixed=study.fixed | {"steps": 9})
    longer.check()
    other = dataclasses.replace(study, fixed=study.fixed | {"latent_dim": 9})
    with pytest.raises(UserError, match="latent_dim is 4 there and 9 here"):
        other.check()


def finish(study, job, steps: int) -> None:
    """Makes a job look done, after so many steps of its autoencoder."""
    checkpoints = os.path.join(study.run(job), "checkpoints")
    os.makedirs(checkpoints, exist_ok=True)
    with open(os.path.join(checkpoints, f"step_{steps:08d}.npz"), "w"):
        pass
    result = {"settings": study.settings(job), "steps": steps}
    with open(os.path.join(study.of(job), "result.json"), "w") as file:
        json.dump(result, file)


def test_a_result_counts_while_all_is_as_it_was(tmp_path):
    study = toy.make(tmp_path)
    nothing, _, ae, _ = study.jobs()
    assert study.result(ae) is None
    finish(study, nothing, 0)
    finish(study, ae, 1)
    assert study.result(ae) is None  # It is to train 2 steps.
    finish(study, ae, 2)
    assert study.result(ae)["steps"] == 2

    def change(**values):
        return dataclasses.replace(study, **values)

    assert change(fixed=study.fixed | {"steps": 1}).result(ae)
    assert not change(fixed=study.fixed | {"steps": 3}).result(ae)
    assert not change(samples=21).result(ae)
    assert change(samples=21).result(nothing)  # There are none to be had.
    assert not change(regressor_steps=4).result(nothing)
    checkpoint = os.path.join(study.run(ae), "checkpoints/step_00000003.npz")
    pathlib.Path(checkpoint).touch()
    assert study.result(ae) is None  # It has been trained further.


def test_seeds_differ_in_their_splits(tmp_path, images):
    study = toy.make(tmp_path, images, seeds=(0, 1))
    splits = [
        runs.load_data(study.config(job)).train
        for job in study.jobs()
        if job.variant == "ae"
    ]
    assert not np.array_equal(*splits)
