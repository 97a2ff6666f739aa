"""Flags are checked, and refused with one sentence, before TensorFlow loads."""

import subprocess
import sys

import pytest

from aeai_tf import programs

TRAIN = "aeai_tf.train"
EVALUATE = "aeai_tf.evaluate"
PROGRAMS = (
    TRAIN,
    EVALUATE,
    "aeai_tf.augment",
    "aeai_tf.export",
    "aeai_tf.serve",
    "aeai_tf.interpolate",
)
POLE = "--config=configs/aeai.py:pole"


def call(module: str, *arguments: str) -> subprocess.CompletedProcess:
    """Runs a program where importing TensorFlow fails."""
    code = (
        "import sys, runpy\n"
        "sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        f"sys.argv = [{module!r}, *{arguments!r}]\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("module", PROGRAMS)
def test_help_says_what_it_does_and_lists_the_flags(module):
    done = call(module, "--help")
    assert done.returncode == 0, done.stderr
    name = module.replace("aeai_tf.", "aeai-")
    assert done.stdout.startswith(name)
    assert "Flags:\n  --" in done.stdout


@pytest.mark.parametrize("module", PROGRAMS)
def test_missing_flags_are_named(module):
    done = call(module)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    assert "--" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((POLE, "--wrkdir=x"), "Did you mean: workdir"),
        ((POLE, "--workdir=x", "x"), "unexpected argument 'x'"),
        ((POLE, "--workdir=x", "--strategy=all"), "default|mirrored|multi"),
        ((POLE, "--workdir=x", "--strategy=multi_worker"), "TF_CONFIG, for"),
        ((), "needs --config and --workdir"),
        ((POLE, "--config.stps=3", "--workdir=x"), "did you mean 'steps'?"),
        ((POLE, "--config.data.foo=3", "--workdir=x"), "'data.foo'; there are"),
        ((POLE, "--config.steps=many", "--workdir=x"), "'many'"),
        ((POLE, "--config.image_size=72", "--workdir=x"), "such as 64 or 80"),
        ((POLE, "--config.method=aeaii", "--workdir=x"), "mean 'aeai'?"),
        (("--config=configs/aeai.py:poel", "--workdir=x"), "mean 'pole'?"),
        (("--config=configs/aeaii.py", "--workdir=x"), "configs/aeai.py'?"),
        (("--config", "configs/aeaii.py", "--workdir=x"), "configs/aeai.py'?"),
    ],
)
def test_training_refuses_bad_flags(arguments, message):
    done = call(TRAIN, *arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("aeai-train: ")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out=x",), "needs --run"),
        (("--run=x", "--out=x", "--intervals=15,many"), "'many'"),
        (("--run=x", "--out=x", "--intervals=15,180"), "between 0 and 180"),
        (("--run=x", "--out=x", "--intervals="), "at least one"),
    ],
)
def test_evaluation_refuses_bad_flags(arguments, message):
    done = call(EVALUATE, *arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("aeai-evaluate: ")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--run=x", "--out=y", "--ways=3"), 1, "linear has 2"),
        (("--run=x", "--out=y", "--count=0"), 2, "--count"),
        (
            ("--run=x", "--out=y", "--mix=cubic"),
            2,
            "<linear|bilinear|dirichlet>",
        ),
    ],
)
def test_bad_mixtures_get_a_sentence(arguments, code, message):
    done = call("aeai_tf.augment", *arguments)
    assert done.returncode == code
    assert done.stderr.startswith("aeai-augment: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert message in done.stderr


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ((), "--config.data.dir=FOLDER"),
        (("--config.data.dir=nowhere",), "'nowhere' does not exist"),
        (("--config.data.dri=x",), "did you mean 'data.dir'?"),
    ],
)
def test_folders_that_are_none_get_a_sentence(key, message):
    done = call(TRAIN, "--config=configs/ae.py:folder", "--workdir=x", *key)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert message in done.stderr


def test_a_signal_while_a_class_is_made_is_no_error():
    class Stopped:
        def __set_name__(self, owner, name):
            sys.exit(143)

    def main():
        type("AnyClass", (), {"attribute": Stopped()})

    with pytest.raises(SystemExit) as stopped:
        programs.report(main, "name", 1)
    assert stopped.value.code == 143


def test_other_errors_are_left_alone():
    def main():
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        programs.report(main, "name", 1)
