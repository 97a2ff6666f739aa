import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.stand_in import SIZE, StandIn, export, serving

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory):
    return export(StandIn(), tmp_path_factory.mktemp("models"))


@pytest.fixture
def bench(tmp_path):
    """Runs the benchmark, as short as can be; its table and its file."""

    def run(*arguments):
        done = subprocess.run(
            [
                *(sys.executable, ROOT / "tools/bench_serving.py"),
                *("--seconds=0.2", "--rounds=2", "--clients=1,3"),
                "--timeout=60",
                f"--out={tmp_path / 'bench.json'}",
                *arguments,
            ],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            return done.stderr, None
        return done.stdout, json.loads((tmp_path / "bench.json").read_text())

    return run


def test_measures_both_sides_and_swaps_under_load(bench, saved_model):
    table, report = bench(f"--saved_model={saved_model}", "--swaps=2")
    assert report, table
    assert report["request"] == {"image_size": SIZE, "steps": 16}
    assert report["start_seconds"] > 0
    rows = report["rows"]
    assert {(r["kind"], r["clients"], r["side"]) for r in rows} == {
        (kind, clients, side)
        for kind in ("float", "png")
        for clients in (1, 3)
        for side in ("grpc", "session")
    }
    for row in rows:
        assert row["lost"] == 0
        assert 0 < row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]
        a_second = row["requests_per_second"]
        assert row["images_per_second"] == pytest.approx(16 * a_second)
        assert sum(r["requests"] for r in row["rounds"]) == row["requests"]
        if row["side"] == "grpc":
            assert row["p50_ms_to_session"] > 0
            memory = row["server_memory"]
            assert 50 < memory["rss_mib"] <= memory["peak_mib"]
    swaps = report["swaps"]
    assert len(swaps["seconds"]) == swaps["swaps"] == 2
    assert swaps["under_load"]["lost"] == 0
    assert swaps["memory_ratio"] > 0
    assert table.count("\n| float | ") + table.count("\n| png | ") == len(rows)
    assert "2 swaps under 3 clients: 0 of " in table


def test_measures_any_server(bench, saved_model):
    with serving(saved_model) as address:
        _, report = bench(f"--address={address}", "--model=m")
    assert len(report["rows"]) == 4
    assert {row["side"] for row in report["rows"]} == {"grpc"}
    assert report["rows"][0]["server_memory"] is None
    assert "swaps" not in report and "start_seconds" not in report


def test_an_absent_server_is_one_sentence(bench):
    sentence, report = bench("--address=127.0.0.1:1")
    assert report is None
    assert sentence.startswith("bench_serving: no answer from 127.0.0.1:1")
    assert sentence.count("\n") == 1
