import pytest

from aeai_tf.errors import UserError
from aeai_tf.sweep import trials
from tests.sweep.made_up import make


def test_values_have_the_types_of_their_keys():
    made = make(
        grids={"batch_size": [8.0, 31.6], "learning_rate": ["1e-3"]},
        adam_beta_1="0.5",
    )
    settings = [trial.settings for trial in made]
    assert [s["batch_size"] for s in settings] == [8, 32]
    assert settings[0]["learning_rate"] == 0.001
    assert settings[0]["adam_beta_1"] == 0.5
    assert made[1].config.batch_size == 32


def test_trials_are_named_by_what_tells_them_apart():
    made = make(
        ["ae", "aeai", "aeai_no_cycle"],
        seeds=[0, 1],
        grids={"lambda_smoothness": [0.01, 1.0], "learning_rate": ["1e-3"]},
    )
    names = [trial.name for trial in made]
    assert names[:3] == [
        "coil100_3/ae_seed0_learning_rate=0.001",
        "coil100_3/aeai_seed0_lambda_smoothness=0.01_learning_rate=0.001",
        "coil100_3/aeai_seed0_lambda_smoothness=1_learning_rate=0.001",
    ]
    assert len(set(names)) == len(names) == 2 * (1 + 2 + 2)
    assert made[3].config.ablation == "no_cycle"
    assert made[-1].config.seed == 1
    flags = made[1].train_flags("/run")
    assert flags[:2] == [
        "--config=configs/aeai.py:coil100/3",
        "--workdir=/run",
    ]
    assert "--config.lambda_smoothness=0.01" in flags


def test_one_key_at_a_time():
    made = make(
        ["ae", "aeai"],
        grids={"lambda_cycle": ["0.5", "2"], "latent_dim": ["256", "8"]},
        one_at_a_time=True,
    )
    default = {
        "lambda_cycle": made[2].config.lambda_cycle,
        "latent_dim": 256,
    }
    assert [trial.values for trial in made] == [
        {"latent_dim": 256},
        {"latent_dim": 8},
        default,
        default | {"lambda_cycle": 0.5},
        default | {"lambda_cycle": 2.0},
        default | {"latent_dim": 8},
    ]
    assert made[-1].config.latent_dim == 8


def test_names_that_file_systems_take():
    texts = [f"{k}" * 300 for k in (0, 1)]
    grids = {"perceptual_weights": texts}
    names = {trial.name for trial in make(grids=grids)}
    assert len(names) == 2
    assert all(len(name.rpartition("/")[2]) < 255 for name in names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"grids": {"learnin_rate": ["1"]}}, "mean 'learning_rate'"),
        ({"grids": {"lambda_cycle": ["1"]}}, "unknown configuration key"),
        ({"grids": {"learning_rate": ["-1"]}}, "at least 0"),
        ({"grids": {"learning_rate": ["x"]}}, "is no number"),
        ({"grids": {"learning_rate": ["nan"]}}, "is no number"),
        ({"grids": {"batch_size": ["1.5"]}}, "no whole number"),
        ({"grids": {"batch_size": ["8", "08"]}}, "there twice"),
        ({"grids": {"normalization": [1.0]}}, "list its values"),
        ({"grids": {"normalization": ["grup"]}}, "mean 'group'"),
        ({"seeds": [1, 1]}, "--seeds: 1 is there twice"),
        ({"grids": {"steps": ["3"]}, "steps": 3}, "both fixed and in --grid"),
        ({"stesp": 3}, "mean 'steps'"),
    ],
)
def test_bad_values_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        make(**arguments)


def test_folder_of_another_sweep_is_refused(tmp_path):
    folder = trials.Folder(str(tmp_path / "sweep"))
    folder.check({"image_size": 32}, {})
    folder.open({"image_size": 32, "steps": 10}, make())
    folder.check({"image_size": 32, "steps": 20}, {})
    folder.check({}, {"image_size": ["16", "32"]})
    with pytest.raises(UserError, match="image_size is 32 there and 64 here"):
        folder.check({"image_size": 64}, {})
    with pytest.raises(UserError, match="neither empty nor a sweep's"):
        trials.Folder(str(tmp_path)).check({}, {})
    at_work = pytest.raises(UserError, match="another sweep is at work")
    with folder.alone(), at_work, folder.alone():
        pass


def test_values_of_one_method_are_its_own():
    made = make(
        methods=("ae", "aeai"),
        **{"batch_size": "8", "aeai.batch_size": "4", "aeai.ramp": "3"},
    )
    ours = {trial.method: trial.settings for trial in made}
    assert ours["ae"]["batch_size"] == 8
    assert ours["aeai"]["batch_size"] == 4 and ours["aeai"]["ramp"] == 3
    assert "ramp" not in ours["ae"] and "aeai.ramp" not in ours["aeai"]
    with pytest.raises(UserError, match=r"'rampe'.*'ramp'"):
        make(methods=("aeai",), **{"aeai.rampe": "3"})
