"""What the server's files and flags say, read and checked."""

import pathlib

import grpc
from google.protobuf import descriptor_pb2, message_factory, text_format
from tensorflow_serving.config import model_server_config_pb2

from aeai_tf.errors import UserError
from aeai_tf.serving.status import check

# `SSLConfig`, which the API package lacks: name and type, numbered from 1.
_SSL = {"server_key": 9, "server_cert": 9, "custom_ca": 9, "client_verify": 8}


def models(path: str, name: str = "", base_path: str = ""):
    """Reads a `--model_config_file`, or makes what it would say.

    Args:
        path: a `ModelServerConfig` as text; "" for a single model.
        name: the single model's.
        base_path: the single model's.

    Returns:
        A list of `ModelConfig`s.

    Raises:
        OSError: the file cannot be read.
        UserError: it is something else.
    """
    config = model_server_config_pb2.ModelServerConfig()
    listed = config.model_config_list.config
    if path:
        _read(path, config)
    else:
        base_path = str(pathlib.Path(base_path).absolute())
        listed.add(name=name, base_path=base_path, model_platform="tensorflow")
    if not listed:
        raise UserError(f"{path} lists no model")
    return listed


def validate(models) -> None:
    """Refuses `ModelConfig`s as TensorFlow Serving does.

    Raises:
        StatusError: says what is wrong.
    """
    names = [model.name for model in models]
    for model in models:
        name, path = model.name, model.base_path
        check(names.count(name) == 1, "repeated_model", name)
        check(pathlib.Path(path).is_absolute(), "relative_path", name, path)
        # 1 is TENSORFLOW in the enumeration that was there first.
        kind = model.model_platform or {1: "tensorflow"}.get(model.model_type)
        check(kind, "no_platform")
        check(kind == "tensorflow", "unknown_platform", name, kind)


def credentials(path: str) -> grpc.ServerCredentials:
    """Reads an `--ssl_config_file`: TensorFlow Serving's `SSLConfig` as text.

    Args:
        path: "" for a server without TLS.

    Raises:
        OSError: it cannot be read.
        UserError: it is something else, or lacks something.
    """
    if not path:
        return grpc.insecure_server_credentials()
    file = descriptor_pb2.FileDescriptorProto(name="ssl", syntax="proto3")
    fields = file.message_type.add(name="SSLConfig").field
    for number, (name, kind) in enumerate(_SSL.items(), 1):
        fields.add(name=name, number=number, type=kind, label=1)
    config = _read(path, message_factory.GetMessages([file])["SSLConfig"]())
    pair = config.server_key.encode(), config.server_cert.encode()
    authority, verify = config.custom_ca.encode() or None, config.client_verify
    if not all(pair) or (verify and not authority):
        wants = "server_key and server_cert, and custom_ca with client_verify"
        raise UserError(f"{path} needs {wants}, as PEM text")
    return grpc.ssl_server_credentials([pair], authority, verify)


def channel_arguments(text: str) -> dict[str, int | str]:
    """Reads `--grpc_channel_arguments`: "name=value,name=value".

    Raises:
        UserError: a part has no "=".
    """
    pairs = [part.split("=", 1) for part in text.split(",") if part]
    if not all(len(pair) == 2 and pair[0] for pair in pairs):
        raise UserError(f"--grpc_channel_arguments={text} is not name=value")
    return {n: int(v) if v.lstrip("-").isdecimal() else v for n, v in pairs}


def _read(path: str, message):
    try:
        return text_format.Parse(pathlib.Path(path).read_text("utf-8"), message)
    except (UnicodeDecodeError, text_format.ParseError) as error:
        raise UserError(f"{path} is not valid: {error}") from error
