"""One version of a model, loaded and run as TensorFlow Serving does it."""

import os
from collections.abc import Iterable, Mapping

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import prediction_log_pb2

from aeai_tf.errors import UserError

# As TensorFlow Serving: characters of an error text, requests at a load.
MAX_TEXT = 1024
MAX_WARMUPS = 1000
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class StatusError(Exception):
    """A request that is answered with a gRPC status instead of a result."""

    def __init__(self, code: grpc.StatusCode, text: str):
        """Keeps `code`, and `text` as the exception's text."""
        super().__init__(text)
        self.code = code


class Servable:
    """One loaded version of a model."""

    def __init__(self, name: str, version: int, path: str):
        """Loads a SavedModel and runs its warm-up requests.

        Args:
            name: of the model.
            version: number.
            path: folder of the SavedModel.

        Raises:
            UserError: there is no SavedModel that works.
        """
        self.name, self.version = name, version
        config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            with graph.as_default():
                meta_graph = tf.compat.v1.saved_model.load(
                    self._session, [tf.saved_model.SERVING], path
                )
            self.signatures = dict(meta_graph.signature_def)
            self._warm_up(path)
        except (OSError, RuntimeError, StatusError, tf.errors.OpError) as error:
            self.close()
            text = " ".join(str(error).split())[:MAX_TEXT]
            raise UserError(f"cannot load {path}: {text}") from error

    def predict(
        self,
        signature_name: str,
        inputs: Mapping[str, tensor_pb2.TensorProto],
        output_filter: Iterable[str] = (),
    ) -> dict[str, np.ndarray]:
        """Runs one signature.

        Args:
            signature_name: "" is `serving_default`.
            inputs: name -> tensor.
            output_filter: names of the outputs to compute; none means all.

        Returns:
            Output name -> array.

        Raises:
            StatusError: the inputs do not fit.
        """
        signature_name = signature_name or "serving_default"
        if signature_name not in self.signatures:
            raise StatusError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f'Serving signature key "{signature_name}" not found.',
            )
        signature = self.signatures[signature_name]
        feed = _feed(signature.inputs, inputs)
        fetch = _fetch(signature.outputs, list(output_filter))
        try:
            return self._session.run(fetch, feed)
        except tf.errors.OpError as error:
            # The session rewords what the operation said.
            cause = error.__context__
            native = cause if isinstance(cause, tf.errors.OpError) else error
            raise StatusError(
                _CODES[error.error_code], native.message
            ) from None
        except (TypeError, ValueError) as error:
            raise invalid(str(error)) from error

    def close(self) -> None:
        """Frees the session."""
        self._session.close()

    def _warm_up(self, path: str) -> None:
        records = os.path.join(
            path, "assets.extra", "tf_serving_warmup_requests"
        )
        if not os.path.exists(records):
            return
        for record in tf.data.TFRecordDataset(records).take(MAX_WARMUPS):
            log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
            if log.HasField("predict_log"):
                request = log.predict_log.request
                self.predict(request.model_spec.signature_name, request.inputs)


def _feed(expected, sent) -> dict[str, np.ndarray]:
    if len(sent) != len(expected):
        names, wanted = set(sent), set(expected)
        raise invalid(
            f"input size does not match signature: {len(sent)}!="
            f"{len(expected)} len({_list(names)}) != len({_list(wanted)}). "
            f"Sent extra: {_list(names - wanted)}. "
            f"Missing but required: {_list(wanted - names)}."
        )
    feed = {}
    for name, info in expected.items():
        if name not in sent:
            raise invalid(
                f"Signature input alias: {name}(feed name: {info.name}) not "
                "found in request and no default value provided. Inputs "
                f"expected to be in the request {_list(sent)}, or default "
                "input alias set: "
            )
        tensor = sent[name]
        if tensor.dtype != info.dtype:
            raise invalid(
                f"Type mismatch: actual {_type_name(tensor.dtype)} vs. "
                f"expect {_type_name(info.dtype)}"
            )
        try:
            feed[info.name] = tf.make_ndarray(tensor)
        except (TypeError, ValueError) as error:
            raise invalid(f"tensor parsing error: {name}") from error
    return feed


def _fetch(outputs, output_filter: list[str]) -> dict[str, str]:
    for index, name in enumerate(output_filter):
        if name not in outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs "
                f"expected to be in the set {_list(outputs)}."
            )
        if name in output_filter[:index]:
            raise invalid(f"duplicate output tensor alias: {name}")
    return {name: outputs[name].name for name in output_filter or outputs}


def _list(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _type_name(number: int) -> str:
    try:
        name = tf.as_dtype(number).name
    except TypeError:
        return "INVALID"
    return {"float32": "float", "float64": "double"}.get(name, name)


def invalid(text: str) -> StatusError:
    """Makes the status that answers a request which does not fit."""
    return StatusError(grpc.StatusCode.INVALID_ARGUMENT, text)
