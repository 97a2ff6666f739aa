"""A server of a model whose answers are known: images of one colour.

An image's latent is the colour of its first pixel, so that every image of a
long answer can be told from its neighbours. It notes what it was asked.
"""

import asyncio
import contextlib
import io
import json
import subprocess
import threading
import time
from concurrent import futures

import grpc
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from aeai_tf.serving.async_client import AsyncInterpolationClient
from aeai_tf.serving.client import InterpolationClient


class Fake(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers `Predict`; set the attributes to make it misbehave."""

    def __init__(self, size=16, **attributes):
        self.size = size
        self.value_range = (0, 1)
        self.describes = True
        self.numbers = False  # Replies in `float_val`.
        self.failures = []  # Status codes of the next answers.
        self.seconds = 0.0  # Taken by every answer.
        self.outputs = None  # Instead of the right ones.
        self.asked = []  # (signature, bytes of request, bytes of reply, spec)
        self.__dict__.update(attributes)

    def Predict(self, request, context):
        signature = request.model_spec.signature_name
        call = [signature, request.ByteSize(), 0, request.model_spec]
        self.asked.append(call)
        time.sleep(self.seconds)
        if self.failures:
            context.abort(self.failures.pop(0), "not\nnow [[{{node}}]]")
        if signature == "describe" and not self.describes:
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                'Serving signature key "describe" not found.',
            )
        inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        outputs = self.outputs or getattr(self, signature)(**inputs)
        response = predict_pb2.PredictResponse()
        for name, array in outputs.items():
            tensor = response.outputs[name]
            if self.numbers and array.dtype == np.float32:
                tensor.dtype = tf.float32.as_datatype_enum
                shape = tf.TensorShape(array.shape).as_proto()
                tensor.tensor_shape.CopyFrom(shape)
                tensor.float_val.extend(array.ravel().tolist())
            else:
                tensor.CopyFrom(tf.make_tensor_proto(array))
        call[2] = response.ByteSize()
        return response

    def signatures(self):
        return [signature for signature, *_ in self.asked]

    def describe(self, request):
        text = {"image_size": self.size, "value_range": self.value_range}
        return {"json": np.array([json.dumps(text)] * len(request), object)}

    def encode(self, images):
        return {"latents": images[:, 0, 0]}

    def decode(self, latents):
        colours = latents[..., np.newaxis, np.newaxis, :]
        shape = [*latents.shape[:-1], self.size, self.size, 3]
        return {"images": np.broadcast_to(colours, shape)}

    def interpolate(self, source, target, alpha):
        alpha = alpha[..., np.newaxis]
        source, target = (x[:, np.newaxis, 0, 0] for x in (source, target))
        return self.decode((1 - alpha) * source + alpha * target)

    def interpolate_encoded(self, source, target, alpha):
        ends = [
            np.stack([np.asarray(Image.open(io.BytesIO(f))) for f in files])
            for files in (source, target)
        ]
        answer = self.interpolate(*ends, alpha)["images"]
        files = np.empty(alpha.shape, object)
        for where in np.ndindex(alpha.shape):
            file = io.BytesIO()
            pixels = np.rint(answer[where]).astype(np.uint8)
            # Noise: what a file of this size can at most take.
            pixels[1:] = np.random.default_rng(where).integers(
                0, 256, pixels[1:].shape
            )
            Image.fromarray(pixels).save(file, "PNG")
            files[where] = file.getvalue()
        return {"images": files}


@contextlib.contextmanager
def running(fake, address="127.0.0.1:0", credentials=None):
    """Runs a fake; yields the address to ask."""
    server = grpc.server(
        futures.ThreadPoolExecutor(4),
        options=[("grpc.max_receive_message_length", -1)],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        fake, server
    )
    if credentials:
        port = server.add_secure_port(address, credentials)
    else:
        port = server.add_insecure_port(address)
    server.start()
    try:
        yield address.replace(":0", f":{port}")
    finally:
        server.stop(None).wait()


class AwaitedClient:
    """The asyncio client, in a thread's loop, used like the other one."""

    def __init__(self, *arguments, **options):
        self._client = AsyncInterpolationClient(*arguments, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(*arguments, **options):
            return asyncio.run_coroutine_threadsafe(
                method(*arguments, **options), self._loop
            ).result()

        return call

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


CLIENTS = {"threads": InterpolationClient, "asyncio": AwaitedClient}


def make_certificates(folder):
    """Writes ca.pem and, signed by it, server.pem, client.pem and keys."""

    def openssl(*arguments):
        subprocess.run(
            ["openssl", *arguments], cwd=folder, check=True, capture_output=True
        )

    new = ["req", "-newkey", "rsa:2048", "-nodes", "-subj"]
    ca = ["-x509", "-days", "9", "-keyout", "ca.key", "-out", "ca.pem"]
    openssl(*new, "/CN=ca", *ca)
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    for name in ("server", "client"):
        openssl(*new, f"/CN={name}", "-keyout", f"{name}.key", "-out", "r.csr")
        openssl(
            "x509", "-req", "-in", "r.csr", "-CA", "ca.pem", "-CAkey",
            "ca.key", "-CAcreateserial", "-days", "9", "-extfile", "names",
            "-out", f"{name}.pem",
        )  # fmt: skip
