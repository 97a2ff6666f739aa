"""Models that many tests serve, made once."""

import gc

import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from tests.stand_in import StandIn, export


@pytest.fixture(scope="session", autouse=True)
def _frozen():
    """As in the server: a version's end does not search all of TensorFlow."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def model():
    return StandIn()


@pytest.fixture(scope="session")
def path(model, tmp_path_factory):
    """A version of `model`, as exported."""
    return export(model, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def plain_path(tmp_path_factory):
    """A version that loads at once: x, and from it y, which is one more.

    It has 8 MB of weights, and a request to warm up.
    """
    folder = tmp_path_factory.mktemp("plain")
    module = tf.Module()
    module.weights = tf.Variable(tf.ones([2**21]))

    @tf.function(input_signature=[tf.TensorSpec([None], name="x")])
    def add(x):
        return {"y": x + module.weights[0]}

    tf.saved_model.save(module, str(folder), {"serving_default": add})
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(plain_request())
    extra = folder / "assets.extra"
    extra.mkdir()
    file = str(extra / "tf_serving_warmup_requests")
    with tf.io.TFRecordWriter(file) as writer:
        writer.write(log.SerializeToString())
    return str(folder)


def plain_request():
    """What the model of `plain_path` answers."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    tensor = tf.make_tensor_proto(tf.range(100.0))
    request.inputs["x"].CopyFrom(tensor)
    return request
