"""Ratios and tables, from times that are made up."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import pytest

from aeai_tf import planned
from aeai_tf.bench import growth, measure, plot, program, tables, turns
from aeai_tf.errors import UserError
from tests.bench.tiny import VALUES

ROOT = pathlib.Path(__file__).parents[2]
MS = {
    "ae": 100,
    "aeai": 300,
    "aeai_bfloat16": 150,
    "ae_bfloat16": 80,
    "matrix product": 10,
    "decoder": 50,
    "decoder_xla": 40,
    "forward": 88,
    "ae, eager": 90,
    "aeai, eager": 450,
    "aeai, eager, channels last": 390,
}
INFO = {
    "floor": {"ae": 10_000, "aeai": 25_000},
    "ceiling": {"matrix product": 4_000_000_000},
    "derivative": {
        "names": ["decoder", "decoder_xla", "forward"],
        "failed": {"nested_tapes": "failed: out of order"},
    },
    "torch_twin": {
        "names": [n for n in MS if ", " in n],
        "failed": {"aeai, compiled": "failed: no compiler"},
    },
    "evaluating": {"seconds": 1.0, "detailed_seconds": 2.0},
}
PLAN = measure.Plan(("ae", "aeai"), VALUES, 6, 50, 120.0)


class Made:
    """In place of a process."""

    def __init__(self, name, module, *arguments):
        self.module, self.arguments = module, arguments
        self.info = INFO.get(module, {})
        if module == "step":
            operations = {"ae": 10_000_000_000}.get(name, 27_500_000_000)
            self.info = {
                "operations": operations,
                "first_step_seconds": 9.0,
                "rounds": 1,
                "device": "made up",
            }
        if module == "loading":
            self.info = {"load_seconds": 3.0, "first_batch_seconds": 0.1}

    def ask(self, function, offer=None):
        if function is turns.peak_mib:
            return 1000.0
        name = self.arguments[0] if offer == "step" else offer
        ms = MS.get(name, 200) if isinstance(name, str) else 200
        return [ms / 1e3] * turns.STEPS_IN_TURN

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    close = __exit__


@pytest.fixture(autouse=True)
def made(monkeypatch):
    monkeypatch.setattr(turns, "Held", Made)
    monkeypatch.setattr(measure.importlib.util, "find_spec", lambda name: name)
    row = {"steps": 50, "run_ms": 100.0, "step_ms": 96.0, "share_outside": 0.04}
    monkeypatch.setattr(program, "outside", lambda *_: row)
    monkeypatch.setattr(program, "start", lambda *_: [20.0, 11.0, 12.0])


@pytest.fixture
def report():
    return measure.run(
        dataclasses.replace(PLAN, parts=measure.PARTS), lambda _: None
    )


def test_methods(report):
    ae, aeai = report["methods"]["ae"], report["methods"]["aeai"]
    assert ae["median_ms"] == pytest.approx(100)
    assert aeai["times_ae"] == pytest.approx(3)
    assert aeai["floor_times_ae"] == 2.5
    assert aeai["times_floor"] == pytest.approx(1.2)
    assert aeai["peak_mib"] == 1000
    assert ae["gflops_per_second"] == pytest.approx(100)
    assert report["ceiling"]["matrix product"][
        "gflops_per_second"
    ] == pytest.approx(400)
    assert ae["share_of_ceiling"]["matrix product"] == pytest.approx(0.25)
    assert report["machine"]["device"] == "made up"


def test_the_file_tells_what_runs_will_cost(report, tmp_path):
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(report))
    costs = planned.costs(path)
    assert planned.seconds_of_training("aeai_no_cycle", 10, 2.0, costs) == (
        pytest.approx(planned.SECONDS_A_RUN + 10 * 2 * 3)
    )


def test_the_derivative_is_compared_with_the_faster_decoder(report):
    rows = report["derivative"]
    assert rows["forward"]["times_decoder"] == pytest.approx(2.2)
    assert rows["decoder"]["times_decoder"] == pytest.approx(1.25)
    assert rows["nested_tapes"] == "failed: out of order"


def test_pytorch_is_compared_by_its_fastest_variant(report):
    rows = report["pytorch"]["aeai"]
    assert rows["fastest_twin"] == "eager, channels last"
    assert rows["twin_to_ours"] == pytest.approx(1.3)
    assert rows["compiled"] == "failed: no compiler"
    assert report["pytorch"]["ae"]["twin_to_ours"] == pytest.approx(0.9)


def test_without_pytorch_the_rest_is_measured(monkeypatch):
    monkeypatch.setattr(measure.importlib.util, "find_spec", lambda name: None)
    plan = dataclasses.replace(PLAN, parts=("pytorch", "start"))
    report = measure.run(plan, lambda _: None)
    assert "not installed" in tables.markdown(report)
    assert report["start"]["ae"] == {"first_seconds": 20, "again": [11, 12]}


def test_tables(report):
    text = tables.markdown(report)
    for line in (
        "| `aeai` | 300.0 (300.0 to 300.0) | 3.00 | 9.0 | 1000 | 27.5 | 91.7 "
        "| 23% |",
        "| matrix product | 10.0 (10.0 to 10.0) | 4.0 | 400.0 |",
        "| `forward` | 88.0 (88.0 to 88.0) | 2.20 |",
        "| `nested_tapes` | failed: out of order |  |",
        "| `aeai` | 50 | 100.0 | 96.0 | 4.0% |",
        "| `ae` | 20.0 | 11.0, 12.0 |",
        "| `aeai` | compiled | failed: no compiler |",
        "| 10 | 1.00 | 2.00 |",
    ):
        assert line in text.splitlines()
    assert "takes 1.20 times its floor" in text
    assert "eager, channels last, takes 1.30 times as long as ours" in text


def test_the_ceiling_alone_and_everything_saved():
    saved = []
    plan = dataclasses.replace(PLAN, parts=("ceiling", "derivative"))
    measure.run(plan, lambda report: saved.append([*report][4:]))
    assert saved == [["ceiling"], ["ceiling", "derivative"]]


def test_mixed_precision_needs_its_key(monkeypatch):
    plan = dataclasses.replace(PLAN, bfloat16=True, parts=("methods",))
    load = measure.settings.load_config

    def without(method, values):
        config = load(method, values)
        config.unlock()
        if "precision" in config:
            del config.precision
        return config

    monkeypatch.setattr(measure.settings, "load_config", without)
    with pytest.raises(UserError, match="no key precision"):
        plan.check()
    rows = measure.run(plan, lambda _: None)["methods"]
    assert [*rows] == ["ae", "aeai", "ae_bfloat16", "aeai_bfloat16"]
    sentence = "`aeai`, bfloat16: 2.00 times as fast as float32."
    assert sentence in [*tables._methods(rows)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"parts": ("method",)}, r"did you mean 'methods'\?"),
        ({"methods": ("aeia",)}, "unknown method 'aeia'"),
        ({"methods": ("pixel_blend",)}, "learns nothing"),
        ({"values": {"image_size": 50, "batch_size": 2}}, "image_size=50"),
    ],
)
def test_bad_plans_are_refused(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        dataclasses.replace(PLAN, **changes).check()


def test_growth_leaves_out_what_takes_too_long(monkeypatch, tmp_path):
    clock = iter(range(0, 10_000, 30))  # Every point takes 30 s.
    monkeypatch.setattr(growth.time, "monotonic", lambda: next(clock))
    found = growth.measure(VALUES, 45.0)
    # 64 pixels: 20 s, and four times the other 10; 96 would follow 64.
    assert found["image_size"][0]["median_ms"] == pytest.approx(300)
    assert found["image_size"][1]["skipped"] == "about 60 s, more than 45"
    assert found["image_size"][-1]["skipped"] == "about 60 s, more than 45"
    assert all("skipped" not in point for point in found["num_alphas"])
    assert found["paths"][0]["detailed_seconds"] == 2
    text = "\n".join(tables._growth(found))
    assert "| 64 | left out: about 60 s, more than 45 |  |" in text
    plot.save(found, str(tmp_path / "growth"))
    assert {p.name for p in tmp_path.iterdir()} == {"growth.png", "growth.svg"}


def test_growth_leaves_out_what_has_no_memory(monkeypatch):
    monkeypatch.setattr(growth, "_available_mib", lambda: 2000.0)
    found = growth.measure(VALUES, 1e9)
    assert "MiB of memory, more than 1600" in found["batch_size"][1]["skipped"]
    assert all("skipped" not in point for point in found["images"])


def test_the_program_refuses_in_one_sentence():
    done = subprocess.run(
        [sys.executable, ROOT / "tools/bench_train.py", "--parts=methdos"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "tools/bench_train.py: unknown part 'methdos'"
    )
