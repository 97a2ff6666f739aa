#!/usr/bin/env python3
"""Measures what training costs: steps, the derivative, all that is beside them.

    tools/bench_train.py --out=bench.json
    tools/bench_train.py --methods=ae,aeai --image_size=64 --out=bench.json
    tools/bench_train.py --parts=growth --out=growth.json

What is compared takes turns, in processes that stay alive. Prints tables, and
writes them beside the JSON file, as .md; of growth also a figure, .png and
.svg. docs/performance.md says what each part measures.
"""

import json
import os

from absl import flags

from aeai_tf import programs
from aeai_tf.bench import measure, plot, tables
from aeai_tf.files import write_text

_METHODS = flags.DEFINE_list(
    "methods", [*measure.DEFAULT_METHODS], "methods and ablations of AEAI"
)
_PARTS = flags.DEFINE_list(
    "parts", [*measure.DEFAULT_PARTS], f"of {', '.join(measure.PARTS)}"
)
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 64, "pixels")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "pairs in a batch", 1)
_STEPS = flags.DEFINE_integer("steps", 30, "timed steps, at least", 2)
_EPOCH_STEPS = flags.DEFINE_integer(
    "epoch_steps",
    500,
    "steps of the run whose time outside its steps is measured; 500 are as "
    "many as lie between two strips",
    1,
)
_POINT_SECONDS = flags.DEFINE_float(
    "point_seconds",
    120.0,
    "growth leaves out sizes that would take longer than this",
)
_BFLOAT16 = flags.DEFINE_bool(
    "bfloat16", False, "measure methods in mixed precision too"
)
_OUT = flags.DEFINE_string("out", None, "JSON file to write")


def main() -> None:
    """Measures, prints tables, and writes the files."""
    plan = measure.Plan(
        methods=tuple(_METHODS.value),
        values={
            "image_size": _IMAGE_SIZE.value,
            "batch_size": _BATCH_SIZE.value,
        },
        steps=_STEPS.value,
        epoch_steps=_EPOCH_STEPS.value,
        point_seconds=_POINT_SECONDS.value,
        bfloat16=_BFLOAT16.value,
        parts=tuple(_PARTS.value),
    )
    plan.check()
    print(tables.markdown(measure.run(plan, _save)))


def _save(report: dict) -> None:
    if not _OUT.value:
        return
    write_text(_OUT.value, json.dumps(report, indent=2) + "\n")
    stem = os.path.splitext(_OUT.value)[0]
    write_text(f"{stem}.md", tables.markdown(report))
    if "growth" in report:
        plot.save(report["growth"], stem)


if __name__ == "__main__":
    programs.run(main, "tools/bench_train.py", __doc__, "methods")
