"""The program `aeai-interpolate`: asks a server to turn one image into another.

It does not import TensorFlow.
"""

import io
import os
import pathlib

import numpy as np
from absl import flags
from PIL import Image

from aeai_tf import programs, strips
from aeai_tf.errors import UserError

USAGE = """
aeai-interpolate --server=localhost:8500 --model=aeai_pole --source=a.png
    --target=b.png --steps=9 --out=strip.png

Asks a server for the way from one image to another, and writes it as a strip
(PNG) and, beside it, as a loop (GIF).
"""

_SERVER = flags.DEFINE_string(
    "server", "localhost:8500", "host:port, or unix:/path of a socket"
)
_MODEL = flags.DEFINE_string("model", None, "name of the model on the server")
_VERSION = flags.DEFINE_integer(
    "version", None, "of the model; without it the latest", lower_bound=0
)
_SOURCE = flags.DEFINE_string("source", None, "PNG or JPEG file, alpha 0")
_TARGET = flags.DEFINE_string("target", None, "PNG or JPEG file, alpha 1")
_STEPS = flags.DEFINE_integer(
    "steps", 9, "images, with both ends", lower_bound=2
)
_OUT = flags.DEFINE_string("out", "strip.png", "PNG file to write")
_TIMEOUT = flags.DEFINE_float(
    "timeout", 10.0, "seconds to wait for the server", lower_bound=0.001
)
_CA = flags.DEFINE_string(
    "ca", None, "PEM file of certificates to trust: asks over TLS"
)
_CERT = flags.DEFINE_string(
    "cert", None, "PEM file of a certificate to show, for mutual TLS"
)
_KEY = flags.DEFINE_string("key", None, "PEM file of its private key")
flags.mark_flags_as_required(["model", "source", "target"])


def main() -> None:
    """Asks the server, then writes the two files.

    Raises:
        UserError: a file that is no image, a bad --out, or no answer.
    """
    out = pathlib.Path(_OUT.value)
    if out.suffix.lower() != ".png":
        raise UserError(f"--out must end in .png, not {out.name!r}")
    if not out.parent.is_dir():
        raise UserError(f"--out: there is no folder {str(out.parent)!r}")
    # Else gRPC tells of a failed handshake before our sentence does.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from aeai_tf.serving.client import InterpolationClient

    with InterpolationClient(
        _SERVER.value,
        _MODEL.value,
        _TIMEOUT.value,
        version=_VERSION.value,
        ca=_CA.value,
        cert=_CERT.value,
        key=_KEY.value,
    ) as client:
        files = client.interpolate_files(
            _SOURCE.value, _TARGET.value, _STEPS.value
        )
    images = np.stack([_read(data) for data in files])
    alphas = np.linspace(0, 1, len(images))
    strips.save_strip(out, {_MODEL.value: images}, alphas)
    strips.save_gif(out.with_suffix(".gif"), images)
    print(out)
    print(out.with_suffix(".gif"))


def _read(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) / 255


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-interpolate", USAGE, "source")


if __name__ == "__main__":
    run()
