import csv
import os

import numpy as np

from aeai_tf.sweep import measures, plot, results, table, trials
from tests.sweep.made_up import ABSENT, MEASURE, OBJECT, OTHER, make


def test_table_has_the_best_all_and_the_failures(some):
    folder, made = some
    found = results.read(folder, [MEASURE])
    assert [r.state for r in found] == ["failed"] + ["finished"] * 15
    best, everything, failed = table.markdown(found, [MEASURE]).split("\n## ")[
        1:
    ]
    assert (
        "| COIL-100, object 3 | AEAI (proposed) | 8 | 0.1 | 0, 1 | "
        "0.21 [0.2, 0.22] | 0.5 |"
    ) in best
    assert everything.count("| AEAI") == 6
    assert "| – |" in everything  # AE has no lambda_cycle.
    assert "**0.21 [0.2, 0.22]**" in everything
    assert made[0].name in failed
    assert "diverged \\| at step 3" in failed
    rows = list(csv.DictReader(results.to_csv(found, folder).split("\n")))
    assert len(rows) == len(made)
    assert rows[0]["state"] == "failed"
    assert rows[0]["value"] == ""
    row = next(r for r in rows if r["lambda_cycle"] == "0.1")
    assert (row["method"], row["data"], row["seed"]) == ("aeai", OBJECT, "0")
    assert row["pixel_blend"] == "0.5"
    assert os.path.isdir(os.path.join(folder.path, row["folder"]))


def test_plot_has_a_line_through_the_best_point(some):
    folder, _ = some
    figure = plot.draw(results.read(folder, [MEASURE]), [MEASURE])
    batch_size, cycle = figure.axes
    assert cycle.get_xlabel() == "lambda_cycle"
    labels = [text.get_text() for text in cycle.get_xticklabels()]
    assert labels == ["0", "0.1", "1"]
    np.testing.assert_allclose(cycle.get_xticks(), [-2, -1, 0])
    lines = [line.get_ydata() for line in cycle.lines if line.get_ls() == "-"]
    assert any(np.allclose(y, [0.3, 0.21, 0.3]) for y in lines if len(y) == 3)
    assert [t.get_text() for t in batch_size.get_xticklabels()] == ["4", "8"]


def test_nothing_is_drawn_of_nothing(tmp_path):
    folder = trials.Folder(str(tmp_path))
    folder.open({}, make(grids={"batch_size": ["4"]}))
    found = results.read(folder, [MEASURE])
    assert plot.draw(found, [MEASURE]) is None
    assert "1 open" in table.markdown(found, [MEASURE])


def test_high_is_good_for_some():
    ssim = "quality.all_pairs.ssim"
    points = [
        results.Point(
            "pole",
            "ae",
            {"a": value},
            (0,),
            {ssim: (value,), MEASURE: (value,)},
        )
        for value in (0.1, 0.9)
    ]
    assert results.best(points, ssim).values == {"a": 0.9}
    assert results.best(points, MEASURE).values == {"a": 0.1}


def test_several_measures_stand_side_by_side(some):
    folder, made = some
    names = [OTHER, MEASURE]
    found = results.read(folder, names)
    best, everything, _ = table.markdown(found, names).split("\n## ")[1:]
    head = "| seeds | MSE vs interval: at the middle, all pairs, 40° | "
    assert head in everything
    cells = "| 8 | 0.1 | 0, 1 | 0.79 [0.78, 0.8] | 0.21 [0.2, 0.22] |"
    assert cells in everything
    # The first one says what is best: here what is worst by the other.
    assert cells not in best
    assert "| 0.7 [0.7, 0.7] | 0.3 [0.3, 0.3] | 0.5 | 0.5 |" in best
    rows = list(csv.DictReader(results.to_csv(found, folder).split("\n")))
    assert len(rows) == 1 + 2 * (len(made) - 1)
    assert [row["measure"] for row in rows[:3]] == ["", *names]
    figure = plot.draw(found, names)
    assert len(figure.axes) == 4
    middle, _, mean, _ = figure.axes
    assert (
        middle.get_ylabel() == "MSE vs interval: at the middle, all pairs, 40°"
    )
    assert mean.get_ylim() == middle.get_ylim()


def test_what_lacks_a_measure_has_failed(some):
    folder, _ = some
    found = results.read(folder, [MEASURE, ABSENT])
    assert {result.state for result in found} == {"failed"}
    text = table.markdown(found, [MEASURE, ABSENT])
    assert f"{ABSENT} could not be measured" in text


def test_reconstructions_are_not_compared_with_the_pixel_blend(some):
    folder, made = some
    names = ["reconstruction.train"]
    for trial in made[1:]:
        measured = measures.path(folder.of(trial), MEASURE)
        os.rename(measured, measures.path(folder.of(trial), names[0]))
    found = results.read(folder, names)
    assert len(results.points(found)) == 8
    assert not results.blends(found, names[0])
    assert "blend" not in table.markdown(found, names)
