#!/usr/bin/env python3
"""Measures what a training step of every method costs, in time and memory.

    tools/benchmark_methods.py --out=docs/results/method_costs.json

Every method runs in a process of its own, as configured by default, on images
of noise; `--repeats` times round all methods, so that a slow spell of the
machine does not fall on one of them. Step times are medians over all timed
steps; memory is the peak of the process (on a GPU, of its memory), and so
includes TensorFlow itself.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import tensorflow as tf
from absl import app, flags

from aeai_tf import config as configuration
from aeai_tf import methods, runs
from aeai_tf.data import pipeline

_METHODS = flags.DEFINE_list("methods", None, "default: all that learn")
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 64, "pixels")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "pairs in a batch")
_STEPS = flags.DEFINE_integer("steps", 10, "timed steps a repeat")
_REPEATS = flags.DEFINE_integer("repeats", 3, "times round all methods")
_OUT = flags.DEFINE_string("out", None, "JSON file to write")
_CHILD = flags.DEFINE_string("child", None, "internal: measure this method")

WARM_UP = 2


def main(_):
    """Measures, prints a table, and writes the file."""
    if _CHILD.value:
        print(json.dumps(_measure(_CHILD.value)))
        return
    names = _METHODS.value or [
        n for n in methods.REGISTRY if n != "pixel_blend"
    ]
    found = {name: [] for name in names}
    for repeat in range(_REPEATS.value):
        for name in names:
            print(f"{repeat + 1}/{_REPEATS.value} {name}", file=sys.stderr)
            command = [*sys.argv, f"--child={name}"]
            child = subprocess.run(
                [sys.executable, *command], check=True, stdout=subprocess.PIPE
            )
            found[name].append(json.loads(child.stdout.splitlines()[-1]))
    report = _summary(found)
    print(_table(report["methods"]))
    if _OUT.value:
        with open(_OUT.value, "w") as file:
            file.write(json.dumps(report, indent=2) + "\n")


def _measure(name: str) -> dict:
    config = configuration.load_file(f"configs/{name}.py")
    config.image_size = _IMAGE_SIZE.value
    config.batch_size = _BATCH_SIZE.value
    model = runs.build_model(config)
    shape = [64, config.image_size, config.image_size, 3]
    batches = iter(
        pipeline.pairs(
            np.random.default_rng(0).random(shape, np.float32),
            config.seed,
            config.batch_size,
            1 + WARM_UP + _STEPS.value,
            0,
            model.sample,
            model.rounds,
        )
    )
    step = tf.function(model.train_step)

    def timed() -> float:
        batch = next(batches)
        began = time.perf_counter()
        terms = step(batch)
        float(terms[model.term_names[0]])  # Waits for the device.
        return time.perf_counter() - began

    first = timed()
    for _ in range(WARM_UP):
        timed()
    seconds = [timed() for _ in range(_STEPS.value)]
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        peak = tf.config.experimental.get_memory_info("GPU:0")["peak"]
        device = tf.config.experimental.get_device_details(gpus[0])
        device = device.get("device_name", "GPU")
    else:
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        device = f"{os.cpu_count()} CPU cores ({platform.machine()})"
    return {
        "seconds": seconds,
        "first_step_seconds": first,
        "peak_bytes": peak,
        "rounds": model.rounds,
        "device": device,
        "tensorflow": tf.__version__,
    }


def _summary(found: dict[str, list[dict]]) -> dict:
    rows = {}
    for name, repeats in found.items():
        seconds = [s for repeat in repeats for s in repeat["seconds"]]
        quarter, middle, three = statistics.quantiles(seconds, n=4)
        rows[name] = {
            "step_seconds_median": middle,
            "step_seconds_quartiles": [quarter, three],
            "first_step_seconds": min(r["first_step_seconds"] for r in repeats),
            "peak_mebibytes": max(r["peak_bytes"] for r in repeats) / 2**20,
            "rounds": repeats[0]["rounds"],
        }
    reference = rows.get("ae", next(iter(rows.values())))
    for row in rows.values():
        row["times_ae"] = (
            row["step_seconds_median"] / reference["step_seconds_median"]
        )
    one = next(iter(found.values()))[0]
    return {
        "device": one["device"],
        "tensorflow": one["tensorflow"],
        "image_size": _IMAGE_SIZE.value,
        "batch_size": _BATCH_SIZE.value,
        "timed_steps": _STEPS.value * _REPEATS.value,
        "methods": rows,
    }


def _table(rows: dict[str, dict]) -> str:
    lines = [
        "| method | step, ms (quartiles) | x AE | peak memory, MiB |",
        "|---|---|---|---|",
    ]
    for name, row in rows.items():
        quarter, three = (1e3 * s for s in row["step_seconds_quartiles"])
        lines.append(
            f"| `{name}` | {1e3 * row['step_seconds_median']:.0f} "
            f"({quarter:.0f} to {three:.0f}) | {row['times_ae']:.2f} | "
            f"{row['peak_mebibytes']:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    app.run(main)
