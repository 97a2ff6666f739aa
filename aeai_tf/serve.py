"""The program `aeai-serve`: a model over gRPC, as TensorFlow Serving does."""

import signal
import threading

from absl import flags

from aeai_tf import programs
from aeai_tf.errors import UserError
from aeai_tf.serving.versions import versions

USAGE = """
aeai-serve --port=8500 --model_name=aeai --model_base_path=models/x

Serves the latest version of an exported model over gRPC, with TensorFlow
Serving's interface, until SIGTERM or Ctrl-C.
"""
GRACE = 10.0  # Seconds that running requests get at the end.

_PORT = flags.DEFINE_integer(
    "port", 8500, "port to listen on; 0 picks a free one", 0, 65535
)
_MODEL_NAME = flags.DEFINE_string(
    "model_name", "default", "name that clients ask for"
)
_MODEL_BASE_PATH = flags.DEFINE_string(
    "model_base_path", None, "folder of versions, aeai-export's --out"
)
_TENSOR_CONTENT = flags.DEFINE_bool(
    "enable_serialization_as_tensor_content",
    False,
    "reply with tensors as bytes, not as lists of numbers",
)
flags.mark_flag_as_required("model_base_path")


def main() -> None:
    """Serves until it is told to stop.

    Raises:
        UserError: nothing to serve, or the port is taken.
    """
    version, path = _latest(_MODEL_BASE_PATH.value)
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())

    import tensorflow as tf

    from aeai_tf.serving import server
    from aeai_tf.serving.servable import Servable

    tf.get_logger().setLevel("ERROR")  # Loading tells of a deprecation.
    servable = Servable(_MODEL_NAME.value, version, path)
    if not stop.is_set():
        grpc_server, port = server.start(
            server.Models([servable]), _PORT.value, _TENSOR_CONTENT.value
        )
        print(
            f"serving {servable.name} version {version} on 0.0.0.0:{port}",
            flush=True,
        )
        stop.wait()
        grpc_server.stop(GRACE).wait()
    servable.close()


def _latest(base_path: str) -> tuple[int, str]:
    try:
        found = versions(base_path)
    except OSError as error:
        raise UserError(
            f"cannot read the base path {base_path}: {error.strerror}"
        ) from error
    if not found:
        raise UserError(
            f"no version to serve in {base_path}: it needs folders named 1, "
            f"2, ... as aeai-export --out={base_path} makes them"
        )
    return max(found.items())


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-serve", USAGE, "model_base_path")


if __name__ == "__main__":
    run()
