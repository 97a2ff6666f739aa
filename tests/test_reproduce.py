"""The program `tools/reproduce`: bad input, and one whole comparison."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).parents[1]


def reproduce(*arguments, path=(), **options):
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/reproduce"), *arguments],
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT])),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--methods=aee",), "unknown method 'aee'"),
        (("--objects=pool",), "unknown data set 'pool'"),
        (("--seeds=one",), "whole numbers, not 'one'"),
        (("--config.stesp=3",), "did you mean 'steps'?"),
        (("--config.aeai.beta=3",), "'beta'"),
        (("--config.learning_rate=fast",), "'fast'"),
        (("--at_once=999",), "need a core each"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_runs(
    arguments, message, tmp_path
):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    )
    done = reproduce(*arguments, path=[tmp_path], cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert message in done.stderr
    assert os.listdir(tmp_path) == ["sitecustomize.py"]


def test_trains_what_is_missing_and_compares(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    random = np.random.default_rng(0)
    for angle in range(0, 360, 20):
        image = random.integers(0, 256, [16, 16, 3], np.uint8)
        Image.fromarray(image).save(images / f"obj3__{angle}.png")

    def compare():
        done = reproduce(
            "--methods=pixel_blend,ae,aeai_no_discriminator",
            *("--objects=3", "--seeds=0", "--steps=2", "--image_size=16"),
            "--preset=paper",
            *("--config.latent_dim=8", "--config.aeai.latent_dim=9"),
            *("--config.learning_rate=0.003", "--config.convs_per_block=1"),
            *(f"--coil100_dir={images}", f"--runs={tmp_path}/runs"),
            *(f"--out={tmp_path}/out", "--batch_size=2"),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "3 runs, 0 of them finished" in compare()
    runs = tmp_path / "runs/coil100_3_paper_16x16"
    ae = json.loads((runs / "ae_seed0/config.json").read_text())
    aeai = json.loads(
        (runs / "aeai_no_discriminator_seed0/config.json").read_text()
    )
    assert (ae["latent_dim"], aeai["latent_dim"]) == (8, 9)
    assert ae["normalization"] == aeai["normalization"] == "batch"
    assert ae["learning_rate"] == aeai["learning_rate"] == 0.003
    assert aeai["ablation"] == "no_discriminator"
    metrics = tmp_path / "out/coil100_3_paper_16x16/metrics.json"
    found = json.loads(metrics.read_text())["methods"]
    assert set(found) == {"pixel_blend", "ae", "aeai_no_discriminator"}
    metrics.unlink()
    assert "3 runs, 3 of them finished" in compare()
    assert metrics.exists()
