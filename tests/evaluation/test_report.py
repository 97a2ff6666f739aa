import base64
import html.parser
import re

import numpy as np
import PIL.Image
import pytest

from aeai_tf.evaluation import figures, measured, report, report_tables, style
from tests.evaluation import made_up

SOME = ["pixel_blend", "ae", "aeai"]


class Page(html.parser.HTMLParser):
    """Checks that tags are closed in order, and collects what is there."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def drawn(tmp_path):
    found = []
    for k, name in enumerate(["figure_07", "figure_06", "admissibility"]):
        path = str(tmp_path / f"{name}.png")
        PIL.Image.fromarray(np.full([4, 6, 3], k, np.uint8)).save(path)
        found.append(
            figures.Figure(name, f"Title {k}", f"Caption {k}.", path, "")
        )
    return found


def written(metrics, drawn, folder) -> str:
    path = report.write(metrics, drawn, str(folder))
    assert path == str(folder / "report.html")
    with open(path, encoding="ascii") as file:
        return file.read()


@pytest.mark.parametrize("data_set", ["coil100/12", "pole"])
def test_every_number_is_on_the_page(data_set, drawn, tmp_path):
    metrics = made_up.metrics(SOME, data_set)
    text = " ".join(
        "".join(Page(written(metrics, drawn, tmp_path)).text).split()
    )
    for method in SOME:
        for path, number in measured.numbers(
            metrics["methods"][method]
        ).items():
            cell = "{value:.3g} [{low:.3g}, {high:.3g}]".format(**number)
            assert cell in text, path
    for runs in metrics["runs"].values():
        for run in runs:
            assert run["folder"] in text
            assert f"{run['steps']:,}" in text
    assert "made up" in text


def test_every_figure_is_embedded_in_order_with_its_caption(drawn, tmp_path):
    page = Page(written(made_up.metrics(SOME), drawn, tmp_path))
    images = page.all("img")
    assert [image["alt"] for image in images] == [
        "Title 2",
        "Title 1",
        "Title 0",
    ]
    for image, figure in zip(images, reversed(drawn), strict=True):
        kind, data = image["src"].split(",")
        assert kind == "data:image/png;base64"
        with open(figure.png, "rb") as file:
            assert base64.b64decode(data) == file.read()
        assert (image["width"], image["height"]) == ("6", "4")
        assert any(figure.caption in text for text in page.text)


def test_page_needs_nothing_else(drawn, tmp_path):
    text = written(made_up.metrics(), drawn, tmp_path)
    assert not re.search("https?:|//[a-z]|url\\(|@import", text)
    page = Page(text)
    assert not page.all("script")
    assert not page.all("link")
    assert not any(
        name.startswith("on")
        for _, attributes in page.tags
        for name in attributes
    )
    assert page.all("html") == [{"lang": "en"}]


def test_what_others_wrote_is_escaped(drawn, tmp_path):
    bad = '<b id="x">&amp;'
    metrics = made_up.metrics(["ae"])
    metrics["data_set"] = metrics["notes"][0] = bad
    run = {"folder": bad, "seed": 0, "steps": 1, "seconds": 1.0}
    metrics["runs"] = {bad: [run]}
    metrics["methods"][bad] = metrics["methods"].pop("ae")
    for pairs in metrics["methods"][bad]["quality"].values():
        pairs[bad] = pairs.pop("ssim")
    for figure in drawn:
        for field in ("name", "title", "caption"):
            object.__setattr__(figure, field, bad)
    text = written(metrics, drawn, tmp_path)
    assert "<b" not in text.replace("<body", "")
    page = Page(text)
    assert not page.all("b")
    assert {image["alt"] for image in page.all("img")} == {bad}
    assert sum(bad in part for part in page.text) >= 8


def cells(text: str, method: str) -> list[tuple[bool, str]]:
    """Whether bold, and the value, of a method's cells in a table."""
    row = re.search(f"<th scope=.row.>{re.escape(method)}</th>(.*?)</tr>", text)
    found = re.findall(r"<td(.*?)>(.*?)(?: <small|</td>)", row[1])
    return [("best" in attributes, value) for attributes, value in found]


def test_best_value_of_a_column_is_marked():
    metrics = made_up.metrics(SOME)
    number = {"low": 0.0, "high": 9.0}
    for method, value in zip(SOME, (3.0, 1.0, 2.0), strict=True):
        pairs = metrics["methods"][method]["mse_vs_interval"]["held_out"]
        pairs["40"]["mean_in_between"] = number | {"value": value}
        quality = metrics["methods"][method]["quality"]["all_pairs"]
        quality["ssim"] = number | {"value": value / 4}
    text = report_tables.headline(metrics)
    column = [cells(text, label)[3] for label in ("pixel blend", "AE")]
    assert column == [(False, "3"), (True, "1")]
    assert cells(text, "AEAI (proposed)")[3] == (False, "2")
    column = report_tables.Column("", "", ("quality", "all_pairs", "ssim"))
    text = report_tables.table(metrics, "SSIM", [column])
    assert cells(text, "pixel blend") == [(True, "0.75")]
    speed = ("admissibility", "all_pairs", "smoothness", "mean")
    text = report_tables.table(
        metrics, "Speed", [report_tables.Column("", "", speed)]
    )
    assert "best" not in text


@pytest.mark.parametrize(
    ("values", "best"),
    [((0, 0, 1), [0, 1]), ((2, 2, 2), []), ((1, 3, 2), [0])],
)
def test_equals_are_marked_alike(values, best):
    metrics = made_up.metrics(SOME)
    for method, value in zip(SOME, values, strict=True):
        number = metrics["methods"][method]["reconstruction"]["train"]
        number["value"] = float(value)
    column = report_tables.Column("", "", ("reconstruction", "train"))
    text = report_tables.table(metrics, "Reconstruction", [column])
    labels = [style.of(method).label for method in SOME]
    assert [k for k in range(3) if cells(text, labels[k])[0][0]] == best


def test_absent_measures_are_left_out(drawn, tmp_path):
    metrics = made_up.metrics(SOME)
    for measures in metrics["methods"].values():
        del measures["alpha_retrieval"]
        del measures["admissibility"]
        measures.pop("mse_above_aeai", None)
        for pairs in measures["mse_vs_interval"].values():
            del pairs["40"]
    del metrics["methods"]["ae"]["mse_vs_interval"]["held_out"]
    text = written(metrics, drawn, tmp_path)
    table = report_tables.headline(metrics)
    assert "40" not in re.findall("MSE, (\\d+)", table)
    assert cells(table, "AE")[1] == (False, "–")
    assert len(cells(table, "AE")) == 4
    assert "Admissibility</h2>" not in text
    assert "Alpha retrieval" not in text
    for name in ("bootstrap", "intervals", "images"):
        del metrics[name]
    metrics |= {"notes": [], "runs": {}, "methods": {"ae": {}}}
    text = written(metrics, [], tmp_path)
    assert re.findall("<h2>(.*?)</h2>", text) == []
