import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from PIL import Image

from tests.stand_in import SIZE, StandIn, export, serving


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    keras.utils.set_random_seed(40)  # Some stand-ins' images hardly differ.
    path = export(StandIn(), tmp_path_factory.mktemp("models"))
    with serving(path) as address:
        yield address


@pytest.fixture
def run(address, tmp_path):
    """Runs the program between two images in an otherwise empty folder."""
    generator = np.random.default_rng(0)
    for name, side in (("a.png", 40), ("b.jpg", SIZE)):
        pixels = generator.integers(0, 256, [side, side, 3], np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "text.png").write_text("hello")

    def run(**changes):
        flags = {
            "server": address,
            "model": "m",
            "source": "a.png",
            "target": "b.jpg",
            "steps": 5,
            "out": "strip.png",
        } | changes
        before = set(os.listdir(tmp_path))
        done = subprocess.run(
            [sys.executable, "-m", "aeai_tf.interpolate"]
            + [f"--{k}={v}" for k, v in flags.items() if v is not None],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": _root()},
            capture_output=True,
            check=False,
            text=True,
        )
        return done, sorted(set(os.listdir(tmp_path)) - before)

    return run


def _root():
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def test_writes_a_strip_and_a_loop(run, tmp_path):
    done, written = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == "strip.png\nstrip.gif\n"
    assert written == ["strip.gif", "strip.png"]
    strip = Image.open(tmp_path / "strip.png")
    assert strip.size[0] > 5 * 64 and strip.size[1] > 64
    gif = Image.open(tmp_path / "strip.gif")
    assert (gif.size, gif.n_frames) == ((64, 64), 8)


@pytest.mark.parametrize(
    "changes, code, sentence",
    [
        ({"source": "text.png"}, 1, "text.png is no PNG or JPEG image"),
        ({"target": "absent.png"}, 1, "cannot read absent.png"),
        ({"steps": 1}, 2, "--steps=1"),
        ({"timeout": 0}, 2, "--timeout=0"),
        ({"model": "other"}, 1, "has no model 'other'"),
        ({"version": 8}, 1, "Specific(m, 8)"),
        ({"version": "x"}, 2, "--version=x"),
        ({"ca": "text.png"}, 1, "no use for TLS: text.png"),
        ({"cert": "text.png"}, 1, "both cert and key"),
        ({"model": None}, 2, "needs --model"),
        ({"server": "127.0.0.1:1"}, 1, "no answer from 127.0.0.1:1 in up to 5"),
        ({"out": "strip.gif"}, 1, "--out must end in .png"),
        ({"out": "absent/strip.png"}, 1, "no folder 'absent'"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    run, changes, code, sentence
):
    done, written = run(**changes)
    assert (done.returncode, done.stdout, written) == (code, "", [])
    assert done.stderr.startswith("aeai-interpolate: ")
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr


@pytest.mark.parametrize("program", ["interpolate", "serve", "export"])
@pytest.mark.parametrize("as_command", [False, True])
def test_help_lists_the_flags(program, as_command):
    as_module = ["-m", f"aeai_tf.{program}"]
    as_code = ["-c", f"from aeai_tf.{program} import run; run()"]
    done = subprocess.run(
        [sys.executable, *(as_code if as_command else as_module), "--help"],
        env=os.environ | {"PYTHONPATH": _root()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"aeai-{program} ")
    flag = {"interpolate": "target", "serve": "port", "export": "run"}[program]
    assert f"  --{flag}: " in done.stdout
