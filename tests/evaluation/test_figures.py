import os
import xml.dom.minidom

import numpy as np
import PIL.Image
import pytest
from matplotlib import colors

from aeai_tf.evaluation import curves, figures, overview, style
from tests.evaluation import made_up

COMPARED, ABLATION = style.split(style.STYLES)
SOME = ["pixel_blend", "ae", "aeai"]


def lines(axis) -> dict[str, tuple]:
    """Abscissa, ordinate and colour of the labelled lines of a panel."""
    return {
        line.get_label(): (*line.get_data(), line.get_color())
        for line in axis.get_lines()
        if not line.get_label().startswith("_")
    }


@pytest.fixture
def drawn(monkeypatch):
    """Names of what `figures.draw` would save."""

    def save(figure, out_dir, name, title, caption):
        assert title
        assert caption.endswith(".")
        return name

    monkeypatch.setattr(figures, "save", save)
    return lambda metrics: figures.draw(metrics, "nowhere")


def test_errors_against_alpha_show_every_method_in_its_colour():
    metrics = made_up.metrics(COMPARED)
    figure = curves.mse_against_alpha(metrics, COMPARED)
    assert [axis.get_title() for axis in figure.axes] == [
        "all pairs, 80° apart, mean",
        "held-out pairs, 80° apart, mean",
        "all pairs, standard deviation",
        "held-out pairs, standard deviation",
    ]
    for axis, pairs, name in zip(
        figure.axes, 2 * made_up.PAIRS, ["mean"] * 2 + ["std"] * 2, strict=True
    ):
        found = lines(axis)
        assert list(found) == COMPARED
        for method, (x, y, colour) in found.items():
            curve = metrics["methods"][method]["mse_vs_alpha"][pairs]["80"]
            np.testing.assert_array_equal(x, curve["alpha"])
            np.testing.assert_array_equal(y, curve[name])
            assert colour == style.of(method).colour
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == [style.of(method).label for method in COMPARED]


def test_shade_is_one_standard_deviation_to_either_side():
    metrics = made_up.metrics(["ae"])
    axis = curves.mse_against_alpha(metrics, ["ae"]).axes[0]
    curve = metrics["methods"]["ae"]["mse_vs_alpha"]["all_pairs"]["80"]
    (shade,) = axis.collections
    corners = shade.get_paths()[0].vertices[:, 1]
    k = 8
    expected = curve["mean"][k] + np.array([-1, 1]) * curve["std"][k]
    for value in expected:
        assert np.isclose(corners, value).any()


def test_errors_against_the_interval_show_mean_and_middle():
    metrics = made_up.metrics(SOME)
    figure = curves.mse_against_interval(metrics, SOME)
    kinds = ["mean_in_between"] * 2 + ["middle"] * 2
    for axis, pairs, kind in zip(
        figure.axes, 2 * made_up.PAIRS, kinds, strict=True
    ):
        for method, (x, y, _) in lines(axis).items():
            measure = metrics["methods"][method]["mse_vs_interval"][pairs]
            np.testing.assert_array_equal(x, made_up.DEGREES)
            expected = [measure[str(d)][kind]["value"] for d in x.astype(int)]
            np.testing.assert_array_equal(y, expected)


def test_paper_is_behind_what_it_has_and_its_gaps_are_bridged():
    metrics = made_up.metrics(SOME)
    paper = curves.paper_curves()
    axis = curves.mse_against_alpha(metrics, SOME, paper).axes[0]
    found = lines(axis)
    assert [name for name in found if name.startswith("paper's")] == [
        "paper's aeai"
    ]
    x, y, colour = found["paper's aeai"]
    assert colour == style.of("aeai").colour
    assert len(x) == 15  # Of 17, two of which could not be read.
    assert y[0] == 0.00043
    assert y[x == 0.5] == 0.00232
    axis = curves.mse_against_interval(metrics, SOME, paper).axes[0]
    x, y, _ = lines(axis)["paper's aeai"]
    assert y[x == 80] == 0.00232


def test_errors_against_alpha_are_those_of_80_degrees_else_of_the_longest():
    metrics = made_up.metrics(["aeai"])
    paper = curves.paper_curves()
    for pairs in metrics["methods"]["aeai"]["mse_vs_alpha"].values():
        pairs["100"] = pairs["7.5"] = pairs["80"]
    axis = curves.mse_against_alpha(metrics, ["aeai"], paper).axes[0]
    assert axis.get_title() == "all pairs, 80° apart, mean"
    for pairs in metrics["methods"]["aeai"]["mse_vs_alpha"].values():
        del pairs["80"]
    axis = curves.mse_against_alpha(metrics, ["aeai"], paper).axes[0]
    assert axis.get_title() == "all pairs, 100° apart, mean"
    assert list(lines(axis)) == ["aeai"]  # The paper has no such curve.


def test_alpha_retrieval_has_a_panel_a_method():
    metrics = made_up.metrics(COMPARED)
    figure = curves.alpha_retrieval(metrics, COMPARED, "held_out")
    assert [axis.get_title() for axis in figure.axes] == [
        style.of(method).label for method in COMPARED
    ]
    for axis, method in zip(figure.axes, COMPARED, strict=True):
        curve = metrics["methods"][method]["alpha_retrieval"]["held_out"]
        ((x, y, _),) = lines(axis).values()
        np.testing.assert_array_equal(x, curve["alpha"])
        np.testing.assert_array_equal(y, curve["median"])
        band = axis.collections[0].get_paths()[0].vertices[:, 1]
        assert min(band) == min(curve["q25"])
        assert max(band) == max(curve["q75"])


def test_parameter_distance_is_drawn_against_the_straight_line():
    metrics = made_up.metrics(["aeai"], "pole")
    axis = curves.parameter_distance(metrics, ["aeai"], "all_pairs").axes[0]
    drawn = [line.get_ydata() for line in axis.get_lines()]
    curve = metrics["methods"]["aeai"]["parameter_distance"]["all_pairs"]
    np.testing.assert_array_equal(drawn[0], [0, 35])
    np.testing.assert_array_equal(drawn[1], [35, 0])
    np.testing.assert_array_equal(drawn[2], curve["to_source"])
    np.testing.assert_array_equal(drawn[3], curve["to_target"])


def test_overview_has_a_panel_a_number_and_a_dot_a_method():
    metrics = made_up.metrics(SOME)
    figure = overview.admissibility(metrics, SOME)
    assert len(figure.axes) == 10
    axis = figure.axes[0]
    dots = [line for line in axis.get_lines() if line.get_label() in SOME]
    values = {
        (
            line.get_label(),
            "held_out"
            if line.get_markerfacecolor() == "white"
            else "all_pairs",
        ): line.get_xdata()[0]
        for line in dots
    }
    assert values == {
        (method, pairs): metrics["methods"][method]["admissibility"][pairs][
            "boundary"
        ]["mse_at_source"]["value"]
        for method in SOME
        for pairs in made_up.PAIRS
    }


def test_all_curves_of_coil_100(drawn):
    assert drawn(made_up.metrics()) == [
        "admissibility",
        "figure_06_mse_vs_alpha",
        "figure_06_mse_vs_interval",
        "figure_07_alpha_retrieval_all_pairs",
        "figure_07_alpha_retrieval_held_out",
        "figure_14_mse_vs_alpha",
        "figure_14_mse_vs_interval",
        "figure_15_alpha_retrieval_all_pairs",
        "figure_15_alpha_retrieval_held_out",
    ]


def test_all_curves_of_the_pole_without_ablation(drawn):
    assert drawn(made_up.metrics(SOME, "pole")) == [
        "admissibility",
        "figure_06_mse_vs_alpha",
        "figure_06_mse_vs_interval",
        "figure_06_mse_vs_interval_altitude",
        "figure_07_alpha_retrieval_all_pairs",
        "figure_07_alpha_retrieval_held_out",
        "figure_08_parameter_distance_all_pairs",
        "figure_08_parameter_distance_held_out",
    ]


@pytest.mark.parametrize("data_set", ["coil100/12", "pole"])
def test_ablation_and_paper_are_drawn_where_they_belong(monkeypatch, data_set):
    found = {}

    def save(figure, out_dir, name, title, caption):
        found[name] = figure, caption

    monkeypatch.setattr(figures, "save", save)
    figures.draw(made_up.metrics(SOME + ABLATION[1:], data_set), "nowhere")
    figure, caption = found["figure_06_mse_vs_alpha"]
    coil = data_set != "pole"
    paper = ["paper's aeai"] if coil else []
    assert list(lines(figure.axes[0])) == paper + SOME
    assert ("the paper's own curves" in caption) == coil
    figure, caption = found["figure_14_mse_vs_alpha"]
    assert list(lines(figure.axes[0])) == ABLATION
    assert ABLATION[0] == "aeai"
    assert "the paper's own curves" not in caption


def test_what_was_not_measured_is_skipped(drawn):
    metrics = made_up.metrics(SOME)
    for measures in metrics["methods"].values():
        del measures["admissibility"]
        del measures["alpha_retrieval"]["held_out"]
    del metrics["methods"]["ae"]["alpha_retrieval"]
    assert drawn(metrics) == [
        "figure_06_mse_vs_alpha",
        "figure_06_mse_vs_interval",
        "figure_07_alpha_retrieval_all_pairs",
    ]
    figure = curves.alpha_retrieval(metrics, SOME, "all_pairs")
    assert [axis.get_title() for axis in figure.axes] == [
        "pixel blend",
        "AEAI (proposed)",
    ]


def test_pairs_that_were_not_measured_have_no_panels():
    metrics = made_up.metrics(SOME)
    for measures in metrics["methods"].values():
        del measures["mse_vs_alpha"]["held_out"]
    assert len(curves.mse_against_alpha(metrics, SOME).axes) == 2


def test_metrics_without_any_measure_draw_nothing(drawn):
    metrics = made_up.metrics(SOME)
    metrics["methods"] = {method: {} for method in SOME}
    assert drawn(metrics) == []


def test_saved_files_are_whole_and_the_same_each_time(tmp_path):
    metrics = made_up.metrics(["ae"])
    texts = []
    for name in "ab":
        figure = curves.mse_against_alpha(metrics, ["ae"])
        saved = figures.save(
            figure, str(tmp_path / name), "one", "One", "A caption."
        )
        assert saved.name == "one"
        with PIL.Image.open(saved.png) as image:
            assert image.width == 7.5 * figures.DPI
        xml.dom.minidom.parse(saved.svg)
        with open(saved.svg) as file:
            texts.append(file.read())
    assert texts[0] == texts[1]
    assert sorted(os.listdir(tmp_path / "a")) == ["one.png", "one.svg"]


def test_colours_are_dark_enough_and_no_two_methods_look_alike():
    looks = [(s.colour, s.marker, s.label) for s in style.STYLES.values()]
    for part in zip(*looks, strict=True):
        if part[0].startswith("#"):
            assert len(set(part)) == len(looks)
    for drawn in (COMPARED, ABLATION):
        markers = [style.of(method).marker for method in drawn]
        assert len(set(markers)) == len(drawn)
    for name, looks in style.STYLES.items():
        srgb = np.array(colors.to_rgb(looks.colour))
        linear = np.where(
            srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
        )
        contrast = 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)
        assert contrast >= 3, name
    widest = max(style.STYLES, key=lambda name: style.of(name).width)
    assert widest == "aeai"


def test_order_puts_the_known_before_the_strange():
    assert style.order(["zeta", "aeai", "new", "ae"]) == [
        "ae",
        "aeai",
        "new",
        "zeta",
    ]
    assert style.of("new").label == "new"
