#!/usr/bin/env python3
"""Measures what asking over gRPC costs, against the model in the same process.

    tools/bench_serving.py --out=bench_serving.json

Exports an untrained model, serves it with `aeai-serve`, and asks for one
interpolation at a time: from 1, 8 and 32 threads of one other process, as
arrays and as PNG files; and the same of a TensorFlow 1 session from as many
threads of the process that holds it. Rounds of the two alternate, so that a
slow spell of the machine hits both. Then it swaps versions under load.

    tools/bench_serving.py --address=localhost:8500 --model=aeai \\
        --saved_model=models/aeai/1 --server_pid=1234

does the rounds against any server. Without `--saved_model` there is no session
to compare with, without `--server_pid` no memory.

Latencies are the caller's: from arrays, or the bytes of two PNG files, to
arrays, or to files. Both ends of PNG are noise, so its files are large ones.
"""

import contextlib
import functools
import io
import itertools
import json
import multiprocessing
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent import futures
from importlib import metadata

import grpc
import numpy as np
from absl import app, flags
from PIL import Image

from aeai_tf import programs
from aeai_tf.errors import UserError
from aeai_tf.serving.client import InterpolationClient, ServingError
from aeai_tf.versions import versions

_OUT = flags.DEFINE_string("out", None, "JSON file to write")
_ADDRESS = flags.DEFINE_string("address", None, "ask this server instead")
_MODEL = flags.DEFINE_string("model", "bench", "name of the model")
_SAVED_MODEL = flags.DEFINE_string(
    "saved_model", None, "folder of a version to measure, instead of untrained"
)
_SERVER_PID = flags.DEFINE_integer("server_pid", None, "with --address")
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 64, "of the untrained model")
_STEPS = flags.DEFINE_integer("steps", 16, "alphas of a request", 1)
_CLIENTS = flags.DEFINE_list("clients", "1,8,32", "numbers of threads")
_SECONDS = flags.DEFINE_float("seconds", 10.0, "of a round", 0.01)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "of each kind", 1)
_SWAPS = flags.DEFINE_integer("swaps", 20, "versions, without --address", 0)
_TIMEOUT = flags.DEFINE_float("timeout", 10.0, "deadline of a request, s")

SPAWN = multiprocessing.get_context("spawn")
KINDS = ("float", "png")
SWAP_SECONDS = 300.0  # Until a version that does not come is given up.
_worker = {}  # Of a process that asks: `new_ask` and `stop`.


def main(_):
    """Measures, prints a table, and writes the file."""
    programs.set_up_tensorflow()
    try:
        with contextlib.ExitStack() as stack:
            report = _measure(stack)
    except UserError as error:
        sys.exit(f"bench_serving: {error}")
    print(_table(report))
    if _OUT.value:
        with open(_OUT.value, "w") as file:
            file.write(json.dumps(report, indent=2) + "\n")


def _measure(stack) -> dict:
    address, pid, path = _ADDRESS.value, _SERVER_PID.value, _SAVED_MODEL.value
    report = {"machine": _machine()}
    if not address:
        base = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = str(base / "1")
        if _SAVED_MODEL.value:
            shutil.copytree(_SAVED_MODEL.value, path)
        else:
            with _process() as exporter:
                exporter.submit(_export, base, _IMAGE_SIZE.value).result()
        address, pid, report["start_seconds"] = _serve(stack, base)
    with InterpolationClient(address, _MODEL.value, _TIMEOUT.value) as client:
        size = client.describe()["image_size"]
    report["request"] = {"image_size": size, "steps": _STEPS.value}
    request, stop = _request(size, _STEPS.value), SPAWN.Event()
    asked = (address, _MODEL.value, _TIMEOUT.value, request, stop)
    sides = {"grpc": stack.enter_context(_process(_ask_server, *asked))}
    if path:
        process = _process(_ask_session, path, request, stop)
        sides["session"] = stack.enter_context(process)
    clients = [int(number) for number in _CLIENTS.value]
    report["rows"] = []
    for kind, number in itertools.product(KINDS, clients):
        report["rows"] += _compare(sides, kind, number, pid)
    if not _ADDRESS.value and _SWAPS.value:
        swapped = base, address, max(clients), sides["grpc"], stop, pid
        report["swaps"] = _swap(*swapped)
    return report


def _process(initializer=None, *arguments):
    """A process without threads or TensorFlow of this one."""
    return futures.ProcessPoolExecutor(1, SPAWN, initializer, arguments)


def _export(base, image_size):
    from aeai_tf import config as configuration
    from aeai_tf import runs, saved_model

    config = configuration.load_file("configs/aeai.py")
    config.image_size = image_size
    model = runs.build_model(config)
    saved_model.export(
        model, str(base), image_size=image_size, metadata={"method": "aeai"}
    )


def _serve(stack, base) -> tuple[str, int, float]:
    """Starts `aeai-serve`; address, process, seconds to the first reply."""
    began = time.perf_counter()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "aeai_tf.serve", "--port=0"),
            "--enable_serialization_as_tensor_content",
            f"--model_name={_MODEL.value}",
            f"--model_base_path={base}",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.callback(server.wait)
    stack.callback(server.terminate)
    line = server.stdout.readline().strip()
    if not line.startswith("serving "):
        raise UserError("aeai-serve did not start")
    address = f"127.0.0.1:{line.rpartition(':')[2]}"
    with InterpolationClient(address, _MODEL.value, _TIMEOUT.value) as client:
        image = np.zeros([client.describe()["image_size"]] * 2 + [3])
        client.interpolate(image, image, [0.0])
    return address, server.pid, time.perf_counter() - began


def _request(size: int, steps: int) -> dict:
    noise = np.random.default_rng(0).random([2, size, size, 3], np.float32)
    files = []
    for pixels in noise:
        file = io.BytesIO()
        Image.fromarray((pixels * 255).astype(np.uint8)).save(file, "PNG")
        files.append(file.getvalue())
    alphas = np.linspace(0, 1, steps, dtype=np.float32)
    return {"float": noise, "png": files, "alphas": alphas}


def _ask_server(address, model, timeout, request, stop):
    @functools.cache
    def client_of(thread):
        # Else the clients of one process share a connection.
        own = [("grpc.use_local_subchannel_pool", 1)]
        return InterpolationClient(address, model, timeout, options=own)

    def new_ask(kind, thread):
        client = client_of(thread)
        if kind == "png":
            steps = len(request["alphas"])
            return lambda: client.interpolate_files(*request["png"], steps)
        return lambda: client.interpolate(*request["float"], request["alphas"])

    _worker.update(new_ask=new_ask, stop=stop)


def _ask_session(path, request, stop):
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # Loading tells of a deprecation.
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph, config=config)
    with graph.as_default():
        signatures = tf.compat.v1.saved_model.load(
            session, [tf.saved_model.SERVING], path
        ).signature_def

    def new_ask(kind, _):
        name = {"float": "interpolate", "png": "interpolate_encoded"}[kind]
        signature = signatures[name]
        source, target = request[kind]
        values = {
            "source": np.array([source]),
            "target": np.array([target]),
            "alpha": request["alphas"][np.newaxis],
        }
        feed = {signature.inputs[k].name: v for k, v in values.items()}
        fetch = signature.outputs["images"].name
        return lambda: session.run(fetch, feed)

    _worker.update(new_ask=new_ask, stop=stop)


def _round(kind: str, clients: int, seconds: float) -> dict:
    """Asks from that many threads, each anew once it has its answer."""
    asks = [_worker["new_ask"](kind, thread) for thread in range(clients)]
    for ask in asks:
        ask()  # Connects.
    began = time.perf_counter()

    def loop(ask):
        latencies, errors = [], []
        while not _worker["stop"].is_set():
            asked = time.perf_counter()
            if asked - began > seconds:
                break
            try:
                ask()
            except ServingError as error:
                errors.append(str(error))
            else:
                latencies.append(time.perf_counter() - asked)
        return latencies, errors

    with futures.ThreadPoolExecutor(clients) as threads:
        found = list(threads.map(loop, asks))
    return {
        "latencies": [x for latencies, _ in found for x in latencies],
        "errors": [x for _, errors in found for x in errors],
        "seconds": time.perf_counter() - began,
    }


def _compare(sides, kind, clients, pid) -> list[dict]:
    found = {side: [] for side in sides}
    for number in range(_ROUNDS.value):
        for side in sorted(sides, reverse=bool(number % 2)):
            print(f"{number + 1} {kind} {clients} {side}", file=sys.stderr)
            task = sides[side].submit(_round, kind, clients, _SECONDS.value)
            found[side].append(task.result())
    rows = []
    for side, rounds in found.items():
        row = {"kind": kind, "clients": clients, "side": side}
        row |= _summary(rounds) | {"rounds": [_summary([r]) for r in rounds]}
        rows.append(row)
    by = {row["side"]: row for row in rows}
    by["grpc"]["server_memory"] = _memory(pid)
    if "session" in by:
        for name in ("p50_ms", "requests_per_second"):
            ratio = by["grpc"][name] / by["session"][name]
            by["grpc"][f"{name}_to_session"] = ratio
    return rows


def _summary(rounds) -> dict:
    latencies = [x for r in rounds for x in r["latencies"]]
    errors = [x for r in rounds for x in r["errors"]]
    if not latencies:
        raise UserError(f"no request was answered: {errors[:1]}")
    p50, p99 = np.percentile(latencies, [50, 99])
    a_second = len(latencies) / sum(r["seconds"] for r in rounds)
    return {
        "requests": len(latencies),
        "lost": len(errors),
        "first_error": errors[0] if errors else None,
        "p50_ms": 1e3 * p50,
        "p99_ms": 1e3 * p99,
        "max_ms": 1e3 * max(latencies),
        "p99_to_p50": p99 / p50,
        "requests_per_second": a_second,
        "images_per_second": a_second * _STEPS.value,
    }


def _swap(base, address, clients, asker, stop, pid) -> dict:
    """Brings out new versions while all clients ask."""
    asker.submit(_round, "float", clients, _SECONDS.value).result()
    before = _memory(pid)
    load = asker.submit(_round, "float", clients, float("inf"))
    seconds = []
    try:
        for _ in range(_SWAPS.value):
            began = time.perf_counter()
            latest, path = max(versions(base).items())
            shutil.copytree(path, base / "next")
            (base / "next").rename(base / str(latest + 1))
            _await_version(address, latest + 1)
            shutil.rmtree(path)
            seconds.append(time.perf_counter() - began)
    finally:
        stop.set()
    summary = _summary([load.result()])
    stop.clear()
    asker.submit(_round, "float", clients, _SECONDS.value).result()
    after = _memory(pid)
    return {
        "swaps": _SWAPS.value,
        "clients": clients,
        "seconds": seconds,
        "under_load": summary,
        "memory_before": before,
        "memory_after": after,
        "memory_ratio": before and after["rss_mib"] / before["rss_mib"],
    }


def _await_version(address, version):
    end = time.monotonic() + SWAP_SECONDS
    with InterpolationClient(
        address, _MODEL.value, _TIMEOUT.value, version=version
    ) as client:
        while True:
            try:
                return client.describe()
            except ServingError as error:
                if error.code != grpc.StatusCode.NOT_FOUND:
                    raise
                if time.monotonic() > end:
                    raise UserError(
                        f"version {version} is not served {SWAP_SECONDS:g} s "
                        f"after it came: {error}"
                    ) from error
            time.sleep(0.1)


def _memory(pid: int | None) -> dict | None:
    """Resident memory, and its peak so far, as Linux counts them."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    kib = re.findall(r"(?:VmHWM|VmRSS):\s*(\d+)", status)  # In this order.
    peak, resident = (int(number) / 1024 for number in kib)
    return {"rss_mib": resident, "peak_mib": peak}


def _machine() -> dict:
    packages = ("grpcio", "numpy", "protobuf", "tensorflow")
    return {
        "cpus": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in packages},
        "load_average": os.getloadavg(),
    }


def _table(report) -> str:
    lines = [
        "| request | clients | asked | p50, ms | of session | p99, ms | of p50 "
        "| requests/s | of session | images/s | server, MiB (peak) |",
        "|" + 11 * "---|",
    ]
    for row in report["rows"]:
        lines.append(
            f"| {row['kind']} | {row['clients']} | {row['side']} "
            f"| {row['p50_ms']:.1f} | {_ratio(row.get('p50_ms_to_session'))} "
            f"| {row['p99_ms']:.1f} | {_ratio(row['p99_to_p50'])} "
            f"| {row['requests_per_second']:.1f} "
            f"| {_ratio(row.get('requests_per_second_to_session'))} "
            f"| {row['images_per_second']:.0f} "
            f"| {_mib(row.get('server_memory'))} |"
        )
    if "start_seconds" in report:
        lines += ["", f"Start to first reply: {report['start_seconds']:.1f} s."]
    if "swaps" in report:
        swaps, load = report["swaps"], report["swaps"]["under_load"]
        lines += [
            "",
            f"{swaps['swaps']} swaps under {swaps['clients']} clients: "
            f"{load['lost']} of {load['requests'] + load['lost']} requests "
            f"lost, the slowest answer after {load['max_ms']:.0f} ms; server, "
            f"MiB (peak): {_mib(swaps['memory_before'])}, after them "
            f"{_mib(swaps['memory_after'])}.",
        ]
    return "\n".join(lines)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _mib(memory) -> str:
    if memory is None:
        return ""
    return f"{memory['rss_mib']:.0f} ({memory['peak_mib']:.0f})"


if __name__ == "__main__":
    app.run(main)
