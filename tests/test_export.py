import os
import pathlib
import subprocess
import sys

import pytest

from aeai_tf.versions import versions

ROOT = str(pathlib.Path(__file__).parents[1])
# The program on a run that needs no training.
PROGRAM = """
import sys, types
import ml_collections
import aeai_tf
from tests import stand_in

config = ml_collections.ConfigDict(
    dict(method="ae", image_size=stand_in.SIZE, latent_dim=stand_in.LATENT)
)
config.data = dict(name="coil100/12")
runs = types.ModuleType("aeai_tf.runs")
runs.load = lambda folder: (config, stand_in.StandIn())
aeai_tf.runs = sys.modules["aeai_tf.runs"] = runs
from aeai_tf import export
export.run()
"""


def _run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        check=False,
    )


def test_prints_the_version_and_what_to_type_next(tmp_path):
    done = _run(tmp_path, "-c", PROGRAM, "--run=runs/x", "--out=models/x")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "models/x/1\n"
        "signatures: interpolate, encode, decode, interpolate_encoded, "
        "describe\n"
        "next: aeai-serve --model_name=x --model_base_path=models/x\n"
    )
    folder = pathlib.Path(versions(tmp_path / "models/x")[1])
    text = (folder / "assets.extra/aeai.json").read_text()
    assert '"data_set": "coil100/12"' in text and '"method": "ae"' in text


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (["--run=absent", "--out=m"], 1, "'absent' is no run"),
        (["--run=absent"], 2, "needs --out"),
        (["--out=m"], 2, "needs --run"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    tmp_path, arguments, code, sentence
):
    done = _run(tmp_path, "-m", "aeai_tf.export", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    *_, last = done.stderr.splitlines()
    assert last.startswith("aeai-export: ") and sentence in last
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []
