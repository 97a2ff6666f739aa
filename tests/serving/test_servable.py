import os
import shutil
from concurrent import futures

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from aeai_tf.serving import servable, status, tensors
from tests.stand_in import images


def _load(path, tags=("serve",), warm=True):
    return servable.Servable(str(path), tags, warm)


def _request(signature="", **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def _text_of_failure(path, **options):
    with pytest.raises(Exception) as caught:
        _load(path, **options)
    failure = status.of(caught.value)
    return failure.code.name, str(failure)


def test_loading_runs_the_warm_up_requests(path, monkeypatch):
    seen = []
    predict = servable.Servable.predict

    def spy(self, request):
        seen.append(request.model_spec.signature_name)
        return predict(self, request)

    monkeypatch.setattr(servable.Servable, "predict", spy)
    _load(path).close()
    assert {"interpolate", "encode", "decode", "interpolate_encoded"} <= set(
        seen
    )
    seen.clear()
    _load(path, warm=False).close()
    assert not seen


def test_what_is_no_model_is_refused(tmp_path):
    code, text = _text_of_failure(tmp_path)
    assert code == "NOT_FOUND"
    assert text.startswith("Could not find SavedModel .pb or .pbtxt at")


@pytest.mark.parametrize(
    "file, size",
    [
        ("saved_model.pb", 1000),
        ("variables/variables.index", 10),
        ("variables/variables.index", None),
        ("variables/variables.data-00000-of-00001", 100),
        ("variables/variables.data-00000-of-00001", None),
        ("assets.extra/tf_serving_warmup_requests", 100),
    ],
)
def test_a_copy_that_is_not_whole_is_refused(plain_path, tmp_path, file, size):
    copy = tmp_path / "1"
    shutil.copytree(plain_path, copy)
    if size is None:
        (copy / file).unlink()
    else:
        os.truncate(copy / file, size)
    with pytest.raises(Exception):  # noqa: B017 Almost anything.
        _load(copy, warm=file.startswith("assets"))
    shutil.copy(os.path.join(plain_path, file), copy / file)
    _load(copy).close()


def test_other_tags_are_refused(plain_path):
    assert "gpu" in _text_of_failure(plain_path, tags=("gpu",))[1]


def test_too_many_warm_up_requests_are_refused(plain_path, monkeypatch):
    monkeypatch.setattr(servable, "MAX_WARMUPS", 0)
    assert _text_of_failure(plain_path)[1].startswith(
        "Number of warmup records exceeds the maximum (0) at"
    )


def test_a_model_of_tensorflow_1_with_a_table(tmp_path):
    vocabulary = tmp_path / "words"
    vocabulary.write_text("a\nb\n")
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        words = v1.placeholder(tf.string, [None], "words")
        weights = v1.get_variable(
            "weights", initializer=[1.0, 2.0], use_resource=False
        )
        table = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                str(vocabulary),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            1,
        )
        scores = tf.gather(weights, tf.minimum(table.lookup(words), 1))
        session.run(
            [v1.global_variables_initializer(), v1.tables_initializer()]
        )
        v1.saved_model.simple_save(
            session,
            str(tmp_path / "1"),
            {"words": words},
            {"scores": scores},
            legacy_init_op=v1.tables_initializer(),
        )
    vocabulary.unlink()  # It is among the model's assets.
    model = _load(tmp_path / "1")
    got = model.predict(_request(words=[b"b", b"a"]))
    np.testing.assert_array_equal(got["scores"], [2, 1])
    model.close()


TYPES = [
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "complex64",
    "complex128",
    "string",
]


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """A `tf.Module` without variables: one signature a type."""
    folder = str(tmp_path_factory.mktemp("identity"))
    module = tf.Module()
    for name in TYPES:
        spec = tf.TensorSpec(None, name, "x")
        function = tf.function(lambda x: {"y": tf.identity(x)})
        setattr(module, name, function.get_concrete_function(spec))
    signatures = {name: getattr(module, name) for name in TYPES}
    tf.saved_model.save(module, folder, signatures)
    model = _load(folder)
    yield model
    model.close()


def _read(tensor):
    """Reads as TensorFlow's C++ does."""
    return tf.io.parse_tensor(tensor.SerializeToString(), tensor.dtype).numpy()


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("shape", [[], [0], [2, 1]])
@pytest.mark.parametrize("content", [False, True])
def test_every_type_goes_in_and_out(identity, name, shape, content):
    dtype = tf.as_dtype(name)
    value = np.resize([1.5, 0], shape).astype(dtype.as_numpy_dtype)
    if name == "string":
        value = np.resize(np.array([b"a\0", b"\xff" * 300], object), shape)
    for sent in (value, tf.make_tensor_proto(value, dtype)):
        request = predict_pb2.PredictRequest()
        request.model_spec.signature_name = name
        if sent is value:  # As the server itself writes it.
            tensors.write(request.inputs["x"], value, content)
        else:
            request.inputs["x"].CopyFrom(sent)
        got = identity.predict(request)["y"]
        reply = tf.make_tensor_proto(0)
        reply.Clear()
        tensors.write(reply, got, content)
        assert reply.dtype == dtype.as_datatype_enum
        assert bool(reply.tensor_content) == (content and value.size > 0)
        read = np.asarray(_read(reply), dtype.as_numpy_dtype)
        assert read.shape == tuple(shape) and read.dtype == value.dtype
        assert read.tolist() == value.tolist()


def test_strings_as_bytes_are_lengths_and_then_all_of_them(
    identity, monkeypatch
):
    request, strings = _request("string", x=[]), [b"ab", b"", b"c" * 300]
    tensor = request.inputs["x"]
    tensor.Clear()
    tensors.write(tensor, np.array(strings, object), content=True)
    whole = b"\2\0\xac\2" + b"".join(strings)
    assert tensor.tensor_content == whole
    assert identity.predict(request)["y"].tolist() == strings
    for broken in (whole[:-1], whole + b"c", b"\2\0", b"\xff" * 400):
        tensor.tensor_content = broken
        with pytest.raises(status.StatusError, match="tensor parsing error: x"):
            identity.predict(request)
    tensor.tensor_content = whole
    # TensorFlow, if it were asked, would take 3 GB, and then refuse.
    tensor.tensor_shape.dim[0].size = 2**27
    monkeypatch.setattr(tf.io, "parse_tensor", lambda *_: pytest.fail("asked"))
    with pytest.raises(status.StatusError, match="tensor parsing error: x"):
        identity.predict(request)


def test_a_small_message_may_not_ask_for_large_tensors(identity):
    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = "float32"
    tensor = request.inputs["x"]
    tensor.CopyFrom(tf.make_tensor_proto(1.5, shape=[3, 2]))
    assert len(tensor.float_val) == 1
    np.testing.assert_array_equal(
        identity.predict(request)["y"], np.full([3, 2], 1.5)
    )
    for sizes in ([2**20, 2**20], [-1, 2]):
        for dim, size in zip(tensor.tensor_shape.dim, sizes, strict=True):
            dim.size = size
        with pytest.raises(status.StatusError, match="tensor parsing error: x"):
            identity.predict(request)
    tensor.tensor_shape.unknown_rank = True
    with pytest.raises(status.StatusError, match="tensor parsing error: x"):
        identity.predict(request)


@pytest.mark.parametrize("number", [0, 20, 21, 99, 101])
def test_types_that_no_array_has_are_refused(identity, number):
    request = _request("float32", x=1.5)
    request.inputs["x"].dtype = number
    with pytest.raises(status.StatusError) as caught:
        identity.predict(request)
    assert caught.value.code.name == "INVALID_ARGUMENT"


def test_many_at_once_get_their_own_answers(path):
    model = _load(path)
    batches = [images(1, seed) for seed in range(20)]
    with futures.ThreadPoolExecutor(16) as pool:
        answers = pool.map(
            lambda batch: model.predict(_request("encode", images=batch)),
            batches,
        )
        for batch, answer in zip(batches, answers, strict=True):
            alone = model.predict(_request("encode", images=batch))
            np.testing.assert_allclose(
                answer["latents"], alone["latents"], atol=1e-5
            )
    model.close()


def test_only_predictions_warm_up(plain_path, tmp_path):
    copy = tmp_path / "1"
    shutil.copytree(plain_path, copy)
    log = prediction_log_pb2.PredictionLog()
    log.classify_log.request.model_spec.name = "m"
    file = str(copy / "assets.extra" / "tf_serving_warmup_requests")
    with tf.io.TFRecordWriter(file) as writer:
        writer.write(log.SerializeToString())
    _load(copy).close()
