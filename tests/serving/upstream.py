"""What TensorFlow Serving knows and `tensorflow-serving-api` does not tell.

`FLAGS` are those of tensorflow_model_server, as its main.cc defines them. The
messages have the names, numbers and types of session_bundle_config.proto,
monitoring_config.proto and ssl_config.proto.
"""

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    wrappers_pb2,
)

FLAGS = {
    "allow_version_labels_for_unavailable_models",
    "batching_parameters_file",
    "enable_batching",
    "enable_grpc_healthcheck_service",
    "enable_model_warmup",
    "enable_per_model_batching_parameters",
    "enable_profiler",
    "enable_serialization_as_tensor_content",
    "enable_signature_method_name_check",
    "file_system_poll_wait_seconds",
    "flush_filesystem_caches",
    "grpc_channel_arguments",
    "grpc_max_threads",
    "grpc_socket_path",
    "load_retry_interval_micros",
    "max_num_load_retries",
    "model_base_path",
    "model_config_file",
    "model_config_file_poll_wait_seconds",
    "model_name",
    "monitoring_config_file",
    "num_load_threads",
    "num_request_iterations_for_warmup",
    "num_unload_threads",
    "per_process_gpu_memory_fraction",
    "platform_config_file",
    "port",
    "remove_unused_fields_from_bundle_metagraph",
    "rest_api_enable_cors_support",
    "rest_api_num_threads",
    "rest_api_port",
    "rest_api_timeout_in_ms",
    "saved_model_tags",
    "ssl_config_file",
    "tensorflow_inter_op_parallelism",
    "tensorflow_intra_op_parallelism",
    "tensorflow_session_config_file",
    "tensorflow_session_parallelism",
    "thread_pool_factory_config_file",
    "version",
}

_PACKAGE = "tensorflow.serving"
_INT64, _STRING = ".google.protobuf.Int64Value", ".google.protobuf.StringValue"
# Message -> field -> (number, type, True if repeated).
_MESSAGES = {
    "BatchingParameters": {
        "max_batch_size": (1, _INT64, False),
        "batch_timeout_micros": (2, _INT64, False),
        "max_enqueued_batches": (3, _INT64, False),
        "num_batch_threads": (4, _INT64, False),
        "thread_pool_name": (5, _STRING, False),
        "allowed_batch_sizes": (6, "int64", True),
        "pad_variable_length_inputs": (7, "bool", False),
    },
    "PrometheusConfig": {
        "enable": (1, "bool", False),
        "path": (2, "string", False),
    },
    "MonitoringConfig": {
        "prometheus_config": (1, f".{_PACKAGE}.PrometheusConfig", False),
    },
    "SSLConfig": {
        "server_key": (1, "string", False),
        "server_cert": (2, "string", False),
        "custom_ca": (3, "string", False),
        "client_verify": (4, "bool", False),
    },
}


def _classes():
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="tests/serving/serving.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for message_name, fields in _MESSAGES.items():
        message = file.message_type.add(name=message_name)
        for name, (number, kind, repeated) in fields.items():
            field = message.field.add(name=name, number=number)
            field.label = (
                kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            )
            if kind.startswith("."):
                field.type, field.type_name = kinds.TYPE_MESSAGE, kind
            else:
                field.type = getattr(kinds, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return [
        message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
        )
        for name in ("BatchingParameters", "MonitoringConfig", "SSLConfig")
    ]


BatchingParameters, MonitoringConfig, SSLConfig = _classes()
