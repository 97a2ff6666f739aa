"""The program `aeai-serve`: a stand-in for `tensorflow_model_server`.

It takes its flags and files, and answers its gRPC calls with its statuses and
texts. It is there so that the same client and the same files work on a laptop
and in CI; what needs request batching, metrics, REST or GPUs runs the real one.
"""

import gc
import signal
import sys
import threading

from absl import flags, logging

from aeai_tf import programs
from aeai_tf.errors import UserError

USAGE = """
aeai-serve --port=8500 --model_name=aeai --model_base_path=models/x

Serves exported models over gRPC, with TensorFlow Serving's interface, until
SIGTERM or Ctrl-C. A stand-in for tensorflow_model_server, for a laptop or CI.
"""
GRACE = 10.0  # Seconds that running requests get at the end.
TENSOR_CONTENT = "enable_serialization_as_tensor_content"
ABSENT_LABELS = "allow_version_labels_for_unavailable_models"
FLAGS = flags.FLAGS

flags.DEFINE_integer("port", 8500, "0 picks a free port", 0, 65535)
flags.DEFINE_string("grpc_socket_path", "", "Unix socket to listen on, too")
flags.DEFINE_string("model_name", "default", "name that clients ask for")
flags.DEFINE_string("model_base_path", "", "folder of versions, as exported")
flags.DEFINE_string("model_config_file", "", "ModelServerConfig, as text")
flags.DEFINE_integer(
    "model_config_file_poll_wait_seconds", 0, "0: the file is read once"
)
flags.DEFINE_integer(
    "file_system_poll_wait_seconds", 1, "0: folders are read once; -1: never"
)
flags.DEFINE_bool(ABSENT_LABELS, False, "new labels may be ahead")
flags.DEFINE_list("saved_model_tags", "serve", "which graph to load")
flags.DEFINE_bool("enable_model_warmup", True, "run warm-up requests at loads")
flags.DEFINE_string("ssl_config_file", "", "SSLConfig, as text, for TLS")
flags.DEFINE_string("grpc_channel_arguments", "", "name=value,name=value")
flags.DEFINE_integer("grpc_max_threads", 256, "requests at once", 1)
flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "answer checks")
flags.DEFINE_bool(TENSOR_CONTENT, False, "reply with bytes, not with numbers")
# What is accepted so that the same command line works, and what it says then.
flags.DEFINE_bool("enable_batching", False, "ignored")
flags.DEFINE_string("batching_parameters_file", "", "ignored")
flags.DEFINE_string("monitoring_config_file", "", "ignored")
flags.DEFINE_integer("rest_api_port", 0, "ignored")
flags.DEFINE_integer("rest_api_num_threads", 0, "ignored")
flags.DEFINE_integer("rest_api_timeout_in_ms", 0, "ignored")
flags.DEFINE_bool("rest_api_enable_cors_support", False, "ignored")
_IGNORED = {
    "enable_batching": "does not batch requests",
    "monitoring_config_file": "has no Prometheus metrics",
    "rest_api_port": "has no REST",
}


@flags.multi_flags_validator(
    ["model_base_path", "model_config_file"],
    "needs --model_base_path or --model_config_file",
)
def _has_models(values) -> bool:
    return any(values.values())


@flags.multi_flags_validator(
    ["enable_batching", "batching_parameters_file"],
    "--batching_parameters_file needs --enable_batching",
)
def _has_batching(values) -> bool:
    return not values["batching_parameters_file"] or values["enable_batching"]


def main() -> None:
    """Serves until it is told to stop.

    Raises:
        UserError: nothing to serve, a file with mistakes, or a taken port.
    """
    for name, text in _IGNORED.items():
        if FLAGS[name].value:
            logging.warning("--%s: aeai-serve %s", name, text)
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    # TensorFlow would import it, for a second, and no server needs it.
    sys.modules.setdefault("keras", None)
    import tensorflow as tf

    from aeai_tf.serving import config, manager, servable, server, status

    tf.get_logger().setLevel("ERROR")  # Loading tells of a deprecation.
    gc.freeze()  # Else each swap searches all of TensorFlow for garbage.
    path, tags = FLAGS.model_config_file, FLAGS.saved_model_tags
    warm, allow = FLAGS.enable_model_warmup, FLAGS[ABSENT_LABELS].value

    def read():
        if path:
            return config.read_models(path)
        return config.one_model(FLAGS.model_name, FLAGS.model_base_path)

    def load(name, version, path):
        return servable.Servable(name, version, path, tags, warm)

    def reload():
        try:
            models.reload(read())
        except (UserError, status.StatusError) as error:
            logging.error("%s: %s", path, error)

    models = manager.Manager(load, allow)
    credentials = config.credentials(FLAGS.ssl_config_file)
    arguments = config.channel_arguments(FLAGS.grpc_channel_arguments)
    socket = FLAGS.grpc_socket_path
    addresses = [f"0.0.0.0:{FLAGS.port}", *([f"unix:{socket}"] * bool(socket))]
    try:
        models.reload(read())
    except status.StatusError as error:
        raise UserError(str(error)) from error
    if not stop.is_set():
        close, (port, *_) = server.start(
            server.Services(models, FLAGS[TENSOR_CONTENT].value),
            addresses,
            credentials,
            arguments,
            FLAGS.grpc_max_threads,
            FLAGS.enable_grpc_healthcheck_service,
        )
        for name, version in models.serving():
            print(f"serving {name} version {version} on 0.0.0.0:{port}")
        sys.stdout.flush()
        _every(FLAGS.file_system_poll_wait_seconds, models.refresh, stop)
        if path:
            _every(FLAGS.model_config_file_poll_wait_seconds, reload, stop)
        stop.wait()
        close(GRACE)
    models.close()


def _every(seconds: int, call, stop: threading.Event) -> None:
    def loop():
        while not stop.wait(seconds):
            call()

    if seconds > 0:
        threading.Thread(target=loop, daemon=True).start()


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-serve", USAGE, "model_base_path")


if __name__ == "__main__":
    run()
