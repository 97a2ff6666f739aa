"""The program `aeai-serve`: a stand-in for `tensorflow_model_server`.

It takes its flags and files, and answers its gRPC calls with its statuses and
texts. It is there so that the same client and the same files work on a laptop
and in CI; what needs request batching, metrics, REST or GPUs runs the real one.
"""

import functools
import gc
import itertools
import signal
import sys
import threading

from absl import flags, logging

from aeai_tf import programs

USAGE = """
aeai-serve --port=8500 --model_name=aeai --model_base_path=models/x

Serves exported models over gRPC, with TensorFlow Serving's interface, until
SIGTERM or Ctrl-C. A stand-in for tensorflow_model_server, for a laptop or CI.
"""
GRACE = 10.0  # Seconds that running requests get at the end.
_AHEAD = "allow_version_labels_for_unavailable_models"
_CONTENT = "enable_serialization_as_tensor_content"
_CONFIG_POLL = "model_config_file_poll_wait_seconds"
_FOLDER_POLL = "file_system_poll_wait_seconds"
# Accepted, so that the same command line works; the rest is for the real one.
_IGNORED = {
    "enable_batching": "batches no requests",
    "monitoring_config_file": "has no Prometheus metrics",
    "rest_api_port": "has no REST interface",
    "rest_api_num_threads": "has no REST interface",
    "rest_api_timeout_in_ms": "has no REST interface",
}

flags.DEFINE_integer("port", 8500, "for gRPC; 0 picks a free one", 0, 65535)
flags.DEFINE_string("grpc_socket_path", "", "Unix socket to listen on, too")
flags.DEFINE_string("model_name", "default", "name that clients ask for")
flags.DEFINE_string("model_base_path", "", "folder of versions, as exported")
flags.DEFINE_string("model_config_file", "", "ModelServerConfig, as text")
flags.DEFINE_integer(_CONFIG_POLL, 0, "how often to read it; 0: once")
flags.DEFINE_integer(_FOLDER_POLL, 1, "how often to read folders; 0: once")
flags.DEFINE_bool(_AHEAD, False, "new labels may name versions to come")
flags.DEFINE_list("saved_model_tags", "serve", "which graph to load")
flags.DEFINE_bool("enable_model_warmup", True, "run warm-up requests first")
flags.DEFINE_string("ssl_config_file", "", "SSLConfig, as text, for TLS")
flags.DEFINE_string("grpc_channel_arguments", "", "name=value,name=value")
flags.DEFINE_integer("grpc_max_threads", 256, "requests at once", 1)
flags.DEFINE_bool("enable_grpc_healthcheck_service", False, "for probes")
flags.DEFINE_bool(_CONTENT, False, "reply with bytes, not with numbers")
flags.DEFINE_string("batching_parameters_file", "", "ignored")
for _name, _what in _IGNORED.items():
    _define = (
        flags.DEFINE_bool if _name.startswith("en") else flags.DEFINE_string
    )
    _define(_name, None, f"ignored: aeai-serve {_what}")

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
    for name, what in _IGNORED.items():
        if flag[name].value:
            logging.warning("--%s is ignored: aeai-serve %s", name, what)
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
    load = functools.partial(servable.Servable, tags=tags, warm=warm)
    models = manager.Manager(load, flag[_AHEAD].value)
    source = flag.model_config_file, flag.model_name, flag.model_base_path
    credentials = config.credentials(flag.ssl_config_file)
    arguments = config.channel_arguments(flag.grpc_channel_arguments)
    sockets = [f"unix:{path}" for path in [flag.grpc_socket_path] if path]
    addresses = [f"0.0.0.0:{flag.port}", *sockets]

    def reload():
        models.reload(config.models(*source))

    def poll():
        # Here and not in threads: one that still loads a model when the
        # interpreter ends aborts the process.
        polls = {_FOLDER_POLL: models.refresh, _CONFIG_POLL: reload}
        for second in itertools.count(1):
            if stop.wait(1.0):
                return
            for name, call in polls.items():
                if flag[name].value > 0 and second % flag[name].value == 0:
                    try:
                        call()
                    except Exception as error:  # What is served stays.
                        logging.error("%s", error)

    reload()
    if not stop.is_set():
        services = server.Services(models, flag[_CONTENT].value)
        options = flag.grpc_max_threads, flag.enable_grpc_healthcheck_service
        close, (port, *_) = server.start(
            services, addresses, credentials, arguments, *options
        )
        for name, version in models.serving():
            print(f"serving {name} version {version} on 0.0.0.0:{port}")
        sys.stdout.flush()
        poll()
        close(GRACE)
    models.close()


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-serve", USAGE, "model_base_path")


if __name__ == "__main__":
    run()
