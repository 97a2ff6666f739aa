import json
import os

import pytest

from aeai_tf.errors import UserError
from aeai_tf.evaluation import output
from tests.evaluation import made_up


def test_a_folder_appears_whole(tmp_path):
    out = tmp_path / "new" / "eval"
    with output.folder(str(out)) as partial:
        os.makedirs(os.path.join(partial, "figures"))
        with open(os.path.join(partial, "figures", "a.png"), "w") as file:
            file.write("a")
        assert not out.exists()
    assert (out / "figures/a.png").read_text() == "a"
    assert os.listdir(out.parent) == ["eval"]


def test_files_of_an_earlier_evaluation_are_replaced(tmp_path):
    out = tmp_path / "eval"
    (out / "figures").mkdir(parents=True)
    (out / "figures/a.png").write_text("old")
    (out / "figures/gone.svg").write_text("old")
    (out / "parameter_distance.csv").write_text("old")
    (out / "metrics.json").write_text("{}")
    (out / "mine.txt").write_text("mine")
    with output.folder(str(out)) as partial:
        os.makedirs(os.path.join(partial, "figures"))
        with open(os.path.join(partial, "figures", "a.png"), "w") as file:
            file.write("new")
    assert (out / "figures/a.png").read_text() == "new"
    assert (out / "mine.txt").read_text() == "mine"
    assert os.listdir(out / "figures") == ["a.png"]
    assert not (out / "parameter_distance.csv").exists()


def test_a_folder_of_something_else_keeps_its_files(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/mine.png").write_text("mine")
    with output.folder(str(tmp_path)):
        pass
    assert (tmp_path / "figures/mine.png").read_text() == "mine"


@pytest.mark.parametrize("error", [UserError, KeyboardInterrupt])
def test_nothing_is_left_of_a_failure(tmp_path, error):
    with (
        pytest.raises(error),
        output.folder(str(tmp_path / "eval")) as partial,
    ):
        with open(os.path.join(partial, "metrics.json"), "w") as file:
            file.write("{")
        raise error
    assert os.listdir(tmp_path) == []


def test_out_is_a_file(tmp_path):
    (tmp_path / "eval").write_text("")
    with (
        pytest.raises(UserError, match="is a file"),
        output.folder(str(tmp_path / "eval")),
    ):
        pass


def test_everything_is_written(tmp_path, monkeypatch):
    # Pictures need models; they have tests of their own.
    monkeypatch.setattr(output.pictures, "draw", lambda *arguments: [])
    measured = made_up.metrics(methods=("pixel_blend", "ae"))
    for run in measured["runs"]["ae"]:
        run["folder"] = str(tmp_path / f"run_{run['seed']}")
    (tmp_path / "eval").mkdir()
    output.write(measured, None, {}, str(tmp_path / "eval"))
    found = set(os.listdir(tmp_path / "eval"))
    assert found == {
        *("figures", "report.html", "metrics.json", "tables.md"),
        *("numbers.csv", "mse_vs_alpha.csv", "alpha_retrieval.csv"),
    }
    assert json.loads((tmp_path / "eval/metrics.json").read_text()) == measured
    for seed in range(2):
        assert os.listdir(tmp_path / f"run_{seed}/logs/evaluation")
