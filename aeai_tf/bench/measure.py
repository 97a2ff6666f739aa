"""All that `tools/bench_train.py` measures, part by part."""

import contextlib
import dataclasses
import importlib.util
import os
import platform
import re
from collections.abc import Callable
from importlib import metadata

from aeai_tf import config as configuration
from aeai_tf import methods, planned
from aeai_tf.bench import growth, program, settings, turns
from aeai_tf.errors import UserError

PARTS = (
    "methods",
    "ceiling",
    "derivative",
    "outside",
    "start",
    "pytorch",
    "growth",
)
DEFAULT_PARTS = tuple(part for part in PARTS if part != "growth")
# All that learn, and AEAI without the term whose derivative costs most.
DEFAULT_METHODS = (
    *(name for name in methods.REGISTRY if name != "pixel_blend"),
    "aeai_no_smoothness",
    settings.TUNED,
)
WATCHED = ("ae", "aeai")  # Trained, started, and twins in PyTorch.
PACKAGES = ("tensorflow", "keras", "numpy", "torch")
NO_TORCH = "failed: PyTorch is not installed (docs/performance.md says how)"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        methods: of `planned.METHODS`.
        values: of configurations, by keys, such as "image_size".
        steps: timed steps of everything, at least.
        epoch_steps: of the run whose time outside its steps is measured.
        point_seconds: growth leaves out points that would take longer.
        bfloat16: whether methods are measured in mixed precision too.
        parts: of `PARTS`.
    """

    methods: tuple[str, ...]
    values: dict
    steps: int
    epoch_steps: int
    point_seconds: float
    bfloat16: bool = False
    parts: tuple[str, ...] = DEFAULT_PARTS

    def check(self) -> None:
        """Refuses what cannot be measured.

        Raises:
            UserError: names it.
        """
        for part in self.parts:
            if part not in PARTS:
                raise UserError(
                    f"unknown part {part!r}{configuration.nearest(part, PARTS)}"
                    f" in --parts; there are {', '.join(PARTS)}"
                )
        for method in self.methods:
            if method != settings.TUNED:
                planned.check_method(method)
            if method == "pixel_blend":
                raise UserError("pixel_blend has no steps: it learns nothing")
        for method in {*self.methods, *WATCHED}:
            config = settings.load_config(method, self.values)
            configuration.check(config)
            if self.bfloat16 and "precision" not in config:
                raise UserError(
                    "--bfloat16: configurations have no key precision"
                )

    @property
    def measured_methods(self) -> tuple[str, ...]:
        """The methods, and those in mixed precision if need be."""
        if not self.bfloat16:
            return self.methods
        mixed = (method + settings.BFLOAT16 for method in self.methods)
        return (*self.methods, *mixed)


def run(plan: Plan, save: Callable[[dict], None]) -> dict:
    """Measures part by part.

    Args:
        plan: checked.
        save: called with the report after every part.

    Returns:
        The report: "machine", the plan's numbers, and what each part found
        under its name.
    """
    report = {
        "machine": _machine(),
        "image_size": plan.values["image_size"],
        "batch_size": plan.values["batch_size"],
        "steps": plan.steps,
    }
    parts = {
        "methods": _methods,
        "ceiling": _methods,
        "derivative": _derivative,
        "outside": _outside,
        "start": _start,
        "pytorch": _pytorch,
        "growth": _growth,
    }
    # Methods and ceiling take turns: one call for both.
    for part in dict.fromkeys(
        parts[name] for name in PARTS if name in plan.parts
    ):
        report |= part(plan, report)
        save(report)
    return report


def _methods(plan: Plan, report: dict) -> dict:
    """Steps of all methods, their memory and operations; and the ceiling."""
    names = plan.measured_methods if "methods" in plan.parts else ()
    floor = {}
    if set(WATCHED) <= set(names):
        with turns.Held("the floor", "floor", plan.values) as held:
            floor = held.info
    with contextlib.ExitStack() as stack:
        held = {}
        for name in names:
            held[name] = turns.Held(name, "step", name, plan.values)
            stack.enter_context(held[name])
        things = {name: turns.Thing(process) for name, process in held.items()}
        counts = {}
        if "ceiling" in plan.parts:
            ceiling = turns.Held("the ceiling", "ceiling", plan.values)
            stack.enter_context(ceiling)
            counts = ceiling.info
            things |= {name: turns.Thing(ceiling, name) for name in counts}
        seconds = turns.take(things, plan.steps, "methods")
        rows = {
            name: turns.summary(seconds[name])
            | process.info
            | {"peak_mib": process.ask(turns.peak_mib)}
            for name, process in held.items()
        }
    limits = {
        name: turns.summary(seconds[name]) | {"operations": count}
        for name, count in counts.items()
    }
    for row in (*rows.values(), *limits.values()):
        row["gflops_per_second"] = row["operations"] / row["median_ms"] / 1e6
    for row in rows.values():
        if "ae" in rows:
            row["times_ae"] = row["median_ms"] / rows["ae"]["median_ms"]
        for name, limit in limits.items():
            share = row["gflops_per_second"] / limit["gflops_per_second"]
            row.setdefault("share_of_ceiling", {})[name] = share
    if floor:
        aeai = rows["aeai"]
        aeai["floor_operations"] = floor["aeai"]
        aeai["floor_times_ae"] = floor["aeai"] / floor["ae"]
        aeai["times_floor"] = aeai["times_ae"] / aeai["floor_times_ae"]
    found = {"methods": rows} if rows else {}
    if rows:
        report["machine"]["device"] = next(iter(rows.values())).pop("device")
    return found | ({"ceiling": limits} if limits else {})


def _derivative(plan: Plan, report: dict) -> dict:
    """Each mode, and the decoder; with and without XLA."""
    with turns.Held("the derivative", "derivative", plan.values) as held:
        names = held.info["names"]
        things = {name: turns.Thing(held, name) for name in names}
        seconds = turns.take(things, plan.steps, "derivative")
        failed = held.info["failed"]
    rows = {name: turns.summary(seconds[name]) for name in names}
    plain = min(
        row["median_ms"]
        for name, row in rows.items()
        if name.startswith("decoder")
    )
    for row in rows.values():
        row["times_decoder"] = row["median_ms"] / plain
    return {"derivative": rows | failed}


def _outside(plan: Plan, report: dict) -> dict:
    rows = {}
    for method in WATCHED:
        if method in plan.methods:
            with turns.Held(method, "step", method, plan.values) as alone:
                rows[method] = program.outside(
                    method, plan.values, plan.epoch_steps, alone
                )
    return {"outside": rows}


def _start(plan: Plan, report: dict) -> dict:
    rows = {}
    for method in WATCHED:
        if method in plan.methods:
            seconds = program.start(method, plan.values)
            rows[method] = {"first_seconds": seconds[0], "again": seconds[1:]}
    return {"start": rows}


def _pytorch(plan: Plan, report: dict) -> dict:
    """Our steps and their twins, in turns."""
    if not importlib.util.find_spec("torch"):
        return {"pytorch": NO_TORCH}
    with contextlib.ExitStack() as stack:
        things, failed = {}, {}
        for compiled in (False, True):
            name = "PyTorch, compiled" if compiled else "PyTorch"
            twin = turns.Held(name, "torch_twin", plan.values, compiled)
            stack.enter_context(twin)
            things |= {n: turns.Thing(twin, n) for n in twin.info["names"]}
            failed |= twin.info["failed"]
        for method in WATCHED:
            ours = turns.Held(method, "step", method, plan.values)
            stack.enter_context(ours)
            things[f"{method}, ours"] = turns.Thing(ours)
        seconds = turns.take(things, plan.steps, "pytorch")
    rows = {name: turns.summary(seconds[name]) for name in things} | failed
    found = {}
    for method in WATCHED:
        own = {
            name.removeprefix(f"{method}, "): row
            for name, row in rows.items()
            if name.startswith(f"{method}, ")
        }
        twins = {
            name: row["median_ms"]
            for name, row in own.items()
            if name != "ours" and not isinstance(row, str)
        }
        found[method] = own
        if twins:
            fastest = min(twins, key=twins.get)
            own["fastest_twin"] = fastest
            own["twin_to_ours"] = twins[fastest] / own["ours"]["median_ms"]
    return {"pytorch": found}


def _growth(plan: Plan, report: dict) -> dict:
    return {"growth": growth.measure(plan.values, plan.point_seconds)}


def _machine() -> dict:
    versions = {}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
        "load_average": os.getloadavg(),
    }


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        if found := re.search(r"model name\s*: (.*)", file.read()):
            return found[1]
    return platform.machine()
