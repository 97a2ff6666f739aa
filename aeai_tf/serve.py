"""aeai-serve --port=8500 --model_name=aeai --model_base_path=models/x

Serves exported models over gRPC until SIGTERM or Ctrl-C.

A stand-in for `tensorflow_model_server`: it takes its flags and files, and
answers its gRPC calls with its statuses and texts, so that the same client and
the same files work on a laptop and in CI. What needs request batching, metrics,
REST or GPUs runs the real one.
"""

import gc
import signal
import sys
import threading

from absl import flags, logging

from aeai_tf import programs

_AHEAD = "allow_version_labels_for_unavailable_models"

flags.DEFINE_integer("port", 8500, "for gRPC; 0 picks a free one", 0, 65535)
flags.DEFINE_string("grpc_socket_path", "", "Unix socket to listen on, too")
flags.DEFINE_string("model_name", "default", "name that clients ask for")
flags.DEFINE_string("model_base_path", "", "folder of versions, as exported")
flags.DEFINE_string("model_config_file", "", "ModelServerConfig, as text")
flags.DEFINE_integer("model_config_file_poll_wait_seconds", 0, "0: read once")
flags.DEFINE_integer("file_system_poll_wait_seconds", 1, "0: look once")
flags.DEFINE_bool(_AHEAD, False, "new labels may name versions to come")
flags.DEFINE_list("saved_model_tags", "serve", "which graph to load")
flags.DEFINE_bool("enable_model_warmup", True, "run warm-up requests first")
flags.DEFINE_string("ssl_config_file", "", "SSLConfig, as text, for TLS")
flags.DEFINE_string("grpc_channel_arguments", "", "name=value,name=value")
flags.DEFINE_integer("grpc_max_threads", 256, "requests at once", 1)
flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "for probes")
flags.DEFINE_bool("enable_serialization_as_tensor_content", False, "as bytes")
# Accepted, so that the same command line works, and left to the real one.
_IGNORED = (
    flags.DEFINE_bool("enable_batching", False, "ignored"),
    flags.DEFINE_string("batching_parameters_file", "", "ignored"),
    flags.DEFINE_string("monitoring_config_file", "", "ignored"),
    flags.DEFINE_string("rest_api_port", "", "ignored"),
    flags.DEFINE_string("rest_api_num_threads", "", "ignored"),
    flags.DEFINE_string("rest_api_timeout_in_ms", "", "ignored"),
)

flags.register_multi_flags_validator(
    ["model_base_path", "model_config_file"],
    lambda given: any(given.values()),
    "needs --model_base_path or --model_config_file",
)
flags.register_multi_flags_validator(
    ["batching_parameters_file", "enable_batching"],
    lambda given: given["enable_batching"] or not any(given.values()),
    "--batching_parameters_file needs --enable_batching",
)


def main() -> None:
    """Serves until it is told to stop.

    Raises:
        UserError: no such folder, a file with mistakes, or a taken port.
    """
    flag = flags.FLAGS
    for ignored in _IGNORED:
        if ignored.value:
            logging.warning("--%s is ignored by aeai-serve", ignored.name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # TensorFlow would import it, for a second, and no server needs it.
    sys.modules.setdefault("keras", None)
    import tensorflow as tf

    from aeai_tf.serving import config, manager, servable, server

    tf.get_logger().setLevel("ERROR")  # Loading tells of a deprecation.
    gc.freeze()  # Else each swap searches all of TensorFlow for garbage.
    tags, warm = flag.saved_model_tags, flag.enable_model_warmup
    models = manager.Manager(
        lambda path: servable.Servable(path, tags, warm), flag[_AHEAD].value
    )

    def reload():
        file, name = flag.model_config_file, flag.model_name
        models.reload(config.models(file, name, flag.model_base_path))

    reload()
    close, port = server.start(models, flag)
    for name, n in models.serving():
        print("serving", name, "version", n, f"on 0.0.0.0:{port}", flush=True)
    polls = {
        models.refresh: flag.file_system_poll_wait_seconds,
        reload: flag.model_config_file_poll_wait_seconds,
    }
    second = 0
    # Here and not in threads: one that still loads a model when the
    # interpreter ends aborts the process.
    while not stop.wait(1.0):
        second += 1
        for call, seconds in polls.items():
            if seconds > 0 and second % seconds == 0:
                try:
                    call()
                except Exception as error:  # What is served stays.
                    logging.error("%s", error)
    close(10.0)  # Seconds that running requests get.
    models.reload([])  # Frees them all.


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-serve", __doc__, "model_base_path")


if __name__ == "__main__":
    run()
