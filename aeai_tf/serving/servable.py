"""One version of a model, loaded and run as TensorFlow Serving does it."""

import os
import threading
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from aeai_tf.serving import status, tensors

MAX_WARMUPS = 1000  # As TensorFlow Serving.
# More sessions at once than processors only make each of them slower, and the
# slowest much slower: the rest queue.
_RUNNING = threading.BoundedSemaphore(os.cpu_count() or 1)


class Servable:
    """One loaded version of a model."""

    def __init__(self, path: str, tags: Sequence[str], warm: bool):
        """Loads a SavedModel and runs its warm-up requests.

        Args:
            path: folder of the SavedModel.
            tags: which of its graphs to load.
            warm: whether to run the requests that come with it.

        Raises:
            Exception: broken files raise almost anything; `status.of` words
                it.
        """
        config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
        graph, load = tf.Graph(), tf.compat.v1.saved_model.load
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        if not {"saved_model.pb", "saved_model.pbtxt"} & set(os.listdir(path)):
            raise status.refusal("no_saved_model", path)
        with graph.as_default():
            meta_graph = load(self._session, list(tags), path)
        index = os.path.join(path, "variables/variables.index")
        if meta_graph.HasField("saver_def") and not os.path.exists(index):
            raise status.refusal("no_variables", path)
        self.signatures = dict(meta_graph.signature_def)
        if warm:
            self._warm_up(path)

    def predict(self, request) -> dict[str, np.ndarray]:
        """Answers a `PredictRequest`: output name -> array.

        Raises:
            status.StatusError: it does not fit.
        """
        name = request.model_spec.signature_name or "serving_default"
        if name not in self.signatures:
            raise status.refusal("unknown_signature", name)
        feeds = tensors.feeds(self.signatures[name], request.inputs)
        fetches = tensors.fetches(self.signatures[name], request.output_filter)
        try:
            with _RUNNING:
                return self._session.run(fetches, feeds)
        except tf.errors.OpError as error:
            raise status.of(error) from None
        except (TypeError, ValueError) as error:
            raise status.refusal("wrong_shape", error) from error

    def close(self) -> None:
        """Frees the session."""
        self._session.close()

    def _warm_up(self, path: str) -> None:
        file = os.path.join(path, "assets.extra/tf_serving_warmup_requests")
        read = tf.compat.v1.io.tf_record_iterator
        records = read(file) if os.path.exists(file) else ()
        for count, record in enumerate(records):
            if count == MAX_WARMUPS:
                raise status.refusal("too_many_warmups", MAX_WARMUPS, file)
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if log.HasField("predict_log"):
                self.predict(log.predict_log.request)
