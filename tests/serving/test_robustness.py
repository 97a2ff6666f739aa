"""What bad bytes, load and swaps do to a server: nothing."""

import contextlib
import gc
import logging
import os
import threading
import time

import grpc
import numpy as np
import psutil
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from aeai_tf.serving import config, manager, servable
from tests.serving.conftest import plain_request
from tests.stand_in import SIZE, images, start

METHOD = "/tensorflow.serving.PredictionService/Predict"
MUTATIONS, IN_FLIGHT = 10_000, 64
CLIENTS, SWAPS = 32, 20


@contextlib.contextmanager
def _serving(path, base):
    """Serves "m" with a link to `path` as version 1: manager, channel."""
    os.symlink(path, base / "1")
    models = manager.Manager(
        lambda path: servable.Servable(path, ["serve"], True)
    )
    models.reload(config.models("", "m", str(base)))
    stop, port = start(models)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield models, channel
    stop(None)
    models.reload([])


def _request(signature, **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request.SerializeToString()


def _valid_requests():
    image, alpha = images(1), np.array([[0.5]], np.float32)
    pixels = np.zeros([SIZE, SIZE, 3], np.uint8)
    files = [tf.io.encode_png(pixels).numpy()]
    jpegs = [tf.io.encode_jpeg(pixels).numpy()]
    return [
        _request("", source=image, target=image, alpha=alpha),
        _request("encode", images=image),
        _request("decode", latents=np.zeros([1, 4], np.float32)),
        _request(
            "interpolate_encoded", source=files, target=jpegs, alpha=alpha
        ),
        _request("describe", request=[b""]),
    ]


def _changed_fields(generator, data):
    """Another value in one field: still a message."""
    request = predict_pb2.PredictRequest.FromString(data)
    name = generator.choice(sorted(request.inputs))
    tensor = request.inputs[name]
    kind = generator.integers(6)
    if kind == 0:
        tensor.dtype = int(generator.integers(120))
    elif kind == 1 and tensor.tensor_shape.dim:
        dim = generator.choice(tensor.tensor_shape.dim)
        dim.size = int(generator.choice([-1, 0, 1, 2, 9, 2**31, 2**62]))
    elif kind == 2:
        tensor.tensor_content = generator.bytes(generator.integers(100))
    elif kind == 3:
        tensor.tensor_content, tensor.string_val[:] = b"", []
        tensor.float_val.extend(generator.normal(size=generator.integers(5)))
    elif kind == 4:
        request.inputs["other"].CopyFrom(tensor)
        if generator.integers(2):
            del request.inputs[name]
    else:
        request.output_filter.append(generator.choice(["images", "x", ""]))
    return request.SerializeToString()


def _changed_bytes(generator, data):
    """Other bytes, or more, or fewer."""
    data = bytearray(data)
    # Names, types and shapes are at the ends, numbers in between.
    near = min(len(data), 200)
    place = generator.choice([0, len(data) - near]) + generator.integers(near)
    kind = generator.integers(4)
    if kind == 0:
        data[place] = generator.integers(256)
    elif kind == 1:
        data[place] ^= 1 << int(generator.integers(8))
    elif kind == 2:
        data[place:place] = generator.bytes(generator.integers(1, 9))
    else:
        del data[place : place + generator.integers(1, 9)]
    return bytes(data)


def _mutated(generator, data):
    change = (_changed_fields, _changed_bytes)[generator.integers(2)]
    return change(generator, data)


@pytest.fixture
def channel(path, tmp_path):
    with _serving(path, tmp_path) as (_, channel):
        yield channel


def test_mutated_requests_leave_the_server_answering(channel, monkeypatch):
    # gRPC logs each message that it cannot read.
    monkeypatch.setattr(logging.getLogger("grpc._common"), "disabled", True)
    call = channel.unary_unary(METHOD)
    valid = _valid_requests()
    for request in valid:
        call(request, timeout=60)
    generator = np.random.default_rng(0)
    before = psutil.Process().memory_info().rss
    codes, waiting = {}, []

    def collect():
        answer = waiting.pop(0)
        code = answer.code().name
        codes[code] = codes.get(code, 0) + 1

    for index in range(MUTATIONS):
        waiting.append(
            call.future(
                _mutated(generator, valid[index % len(valid)]), timeout=120
            )
        )
        if len(waiting) == IN_FLIGHT:
            collect()
    while waiting:
        collect()
    assert codes.pop("OK") > 100 and codes.pop("INVALID_ARGUMENT") > 1000
    # INTERNAL is what gRPC says of bytes that are no message.
    assert set(codes) <= {"NOT_FOUND", "FAILED_PRECONDITION", "INTERNAL"}
    for request in valid:
        call(request, timeout=60)
    assert psutil.Process().memory_info().rss < before + 5e8


@pytest.fixture
def swapped(plain_path, tmp_path):
    """The manager, a channel, and a function that brings a version out."""
    with _serving(plain_path, tmp_path) as (models, channel):
        yield models, channel, lambda v: os.symlink(plain_path, tmp_path / v)


def test_swaps_under_load_lose_no_request_and_no_memory(swapped):
    models, channel, bring_out = swapped
    call = channel.unary_unary(
        METHOD, response_deserializer=predict_pb2.PredictResponse.FromString
    )
    request = plain_request().SerializeToString()
    stop, failures, seen = threading.Event(), [], set()

    def ask():
        while not stop.wait(0.1):
            try:
                response = call(request, timeout=60)
                seen.add(response.model_spec.version.value)
            except grpc.RpcError as error:
                failures.append(error)

    def await_answers(version):
        while version not in seen and not failures:
            time.sleep(0.01)

    def swap(version):
        bring_out(str(version))
        models.refresh()
        await_answers(version)
        gc.collect()
        return psutil.Process().memory_info().rss

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        await_answers(1)
        memory = [swap(version) for version in range(2, SWAPS + 2)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert seen == set(range(1, SWAPS + 2))
    assert models.serving() == [("m", SWAPS + 1)]
    # The first ones fill caches.
    assert memory[-1] < 1.1 * memory[SWAPS // 4], memory
