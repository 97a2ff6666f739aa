"""One version of a model, loaded and run as TensorFlow Serving does it."""

import os
import threading

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from aeai_tf.serving import status, tensors
from aeai_tf.serving.status import check

MAX_WARMUPS = 1000  # As TensorFlow Serving.
# More sessions at once than processors only make each of them slower, and the
# slowest much slower: the rest queue.
_RUNNING = threading.BoundedSemaphore(os.cpu_count() or 1)


class Servable:
    """One loaded version of a model."""

    def __init__(self, path: str, tags: list[str], warm: bool):
        """Loads a SavedModel and runs its warm-up requests.

        Args:
            path: folder of the SavedModel.
            tags: which of its graphs to load.
            warm: whether to run the requests that come with it.

        Raises:
            Exception: broken files raise almost anything; `status.of` words
                it.
        """
        graph, v1 = tf.Graph(), tf.compat.v1
        config = v1.ConfigProto(allow_soft_placement=True)
        self._session = v1.Session(graph=graph, config=config)
        check(tf.saved_model.contains_saved_model(path), "no_saved_model", path)
        with graph.as_default():
            meta_graph = v1.saved_model.load(self._session, tags, path)
        if meta_graph.HasField("saver_def"):
            index = os.path.join(path, "variables/variables.index")
            check(os.path.exists(index), "no_variables", path)
        self.signatures = dict(meta_graph.signature_def)
        requests = os.path.join(path, "assets.extra/tf_serving_warmup_requests")
        if warm and os.path.exists(requests):
            self._warm_up(requests)

    def predict(self, request) -> dict[str, np.ndarray]:
        """Answers a `PredictRequest`: output name -> array.

        Raises:
            status.StatusError: it does not fit.
        """
        name = request.model_spec.signature_name or "serving_default"
        check(name in self.signatures, "unknown_signature", name)
        feeds = tensors.feeds(self.signatures[name], request.inputs)
        fetches = tensors.fetches(self.signatures[name], request.output_filter)
        try:
            with _RUNNING:
                return self._session.run(fetches, feeds)
        except (tf.errors.OpError, TypeError, ValueError) as error:
            raise status.of(error) from None

    def close(self) -> None:
        """Frees the session."""
        self._session.close()

    def _warm_up(self, file: str) -> None:
        records = tf.compat.v1.io.tf_record_iterator(file)
        for count, record in enumerate(records):
            check(count < MAX_WARMUPS, "too_many_warmups", MAX_WARMUPS, file)
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if log.HasField("predict_log"):
                self.predict(log.predict_log.request)
