import os

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from aeai_tf.serving import config
from tests.serving.conftest import plain_request
from tests.stand_in import SIZE, images, serving

UNLIMITED = [("grpc.max_receive_message_length", -1)]


@pytest.fixture(scope="module")
def channel(path):
    with (
        serving(path) as address,
        grpc.insecure_channel(address, UNLIMITED) as channel,
    ):
        yield channel


@pytest.fixture
def predict(channel):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    return lambda request: stub.Predict(request, timeout=30)


def _request(signature="encode", model="m", **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in (inputs or {"images": images(1)}).items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def _refusal(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return caught.value.code().name, caught.value.details()


def test_predict_answers_with_numbers_and_tells_the_version(predict, model):
    response = predict(_request(images=images(2)))
    spec = response.model_spec
    assert (spec.name, spec.version.value) == ("m", 7)
    assert spec.signature_name == "encode"
    latents = response.outputs["latents"]
    assert len(latents.float_val) == 8
    assert not latents.tensor_content
    np.testing.assert_allclose(
        tf.make_ndarray(latents), model.encode(images(2)), atol=1e-5
    )


def test_no_signature_name_is_the_default(predict):
    alpha = np.zeros([1, 2], np.float32)
    request = _request("", source=images(1), target=images(1), alpha=alpha)
    response = predict(request)
    assert response.model_spec.signature_name == "serving_default"
    shape = tf.make_ndarray(response.outputs["images"]).shape
    assert shape == (1, 2, SIZE, SIZE, 3)


def test_tensor_content_where_it_is_asked_for(plain_path):
    with (
        serving(plain_path, tensor_content=True) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        y = stub.Predict(plain_request()).outputs["y"]
    assert not y.float_val
    np.testing.assert_array_equal(
        np.frombuffer(y.tensor_content, "<f4"), np.arange(1.0, 101.0)
    )


def test_messages_have_no_limit(predict):
    alpha = np.zeros([1, 1500], np.float32)  # 4.6 MB of images.
    request = _request(
        "interpolate", source=images(1), target=images(1), alpha=alpha
    )
    assert predict(request).ByteSize() > 4 * 2**20  # A client's own limit.
    assert len(predict(_request(images=images(1500))).outputs) == 1


def _changed(**changes):
    request = _request()
    for field, value in changes.items():
        setattr(request.model_spec, field, value)
    return request


def _versioned(version):
    request = _request()
    request.model_spec.version.value = version
    return request


def _filtered(*names):
    request = _request()
    request.output_filter.extend(names)
    return request


def _broken():
    request = _request()
    request.inputs["images"].tensor_content = b"123"
    return request


ALPHA = np.array([[np.nan]], np.float32)
REFUSALS = {
    "model": (
        _request(model="n"),
        "NOT_FOUND",
        "Servable not found for request: Latest(n)",
    ),
    "version": (
        _versioned(8),
        "NOT_FOUND",
        "Servable not found for request: Specific(m, 8)",
    ),
    "label": (
        _changed(version_label="stable"),
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: stable",
    ),
    "no spec": (
        predict_pb2.PredictRequest(),
        "INVALID_ARGUMENT",
        "Missing ModelSpec",
    ),
    "no name": (
        _request(model=""),
        "INVALID_ARGUMENT",
        "ModelSpec has no name specified.",
    ),
    "signature": (
        _request("s"),
        "FAILED_PRECONDITION",
        'Serving signature key "s" not found.',
    ),
    "number of inputs": (
        _request("interpolate", x=1.0, source=images(1)),
        "INVALID_ARGUMENT",
        "input size does not match signature: 2!=3 len({source,x}) != "
        "len({alpha,source,target}). Sent extra: {x}. Missing but required: "
        "{alpha,target}.",
    ),
    "name of an input": (
        _request(x=images(1)),
        "INVALID_ARGUMENT",
        "Signature input alias: images(feed name: encode_images:0) not found "
        "in request and no default value provided",
    ),
    "type": (
        _request(images=images(1).astype(np.int32)),
        "INVALID_ARGUMENT",
        "Type mismatch: actual int32 vs. expect float",
    ),
    "shape": (
        _request(images=np.zeros([1, 3, 3, 3], np.float32)),
        "INVALID_ARGUMENT",
        "Cannot feed value of shape (1, 3, 3, 3)",
    ),
    "tensor": (_broken(), "INVALID_ARGUMENT", "tensor parsing error: images"),
    "failing operation": (
        _request(
            "interpolate", source=images(1), target=images(1), alpha=ALPHA
        ),
        "INVALID_ARGUMENT",
        "alpha must be finite",
    ),
    "output": (
        _filtered("x"),
        "INVALID_ARGUMENT",
        "output tensor alias not found in signature: x Outputs expected to be "
        "in the set {latents}.",
    ),
    "output twice": (
        _filtered("latents", "latents"),
        "INVALID_ARGUMENT",
        "duplicate output tensor alias: latents",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_are_those_of_tensorflow_serving(predict, case):
    request, want_code, want_text = REFUSALS[case]
    code, text = _refusal(predict, request)
    assert code == want_code
    assert text.startswith(want_text)


def test_long_texts_are_cut(predict):
    code, text = _refusal(predict, _request("s" * 3000))
    assert code == "FAILED_PRECONDITION"
    assert len(text) == 1024 + len("...TRUNCATED")
    assert text.endswith("s...TRUNCATED")


def test_output_filter_selects(predict):
    assert set(predict(_filtered("latents")).outputs) == {"latents"}


def test_metadata_tells_the_signatures(channel):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "m"
    assert _refusal(stub.GetModelMetadata, request) == (
        "INVALID_ARGUMENT",
        "GetModelMetadataRequest must specify at least one metadata_field",
    )
    request.metadata_field.append("signature_def")
    response = stub.GetModelMetadata(request)
    assert response.model_spec.version.value == 7
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    shape = signatures.signature_def["decode"].outputs["images"].tensor_shape
    assert [dim.size for dim in shape.dim] == [-1, SIZE, SIZE, 3]
    request.metadata_field.append("x")
    assert _refusal(stub.GetModelMetadata, request) == (
        "INVALID_ARGUMENT",
        "Metadata field x is not supported",
    )


def test_status_tells_the_versions(channel):
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    request = get_model_status_pb2.GetModelStatusRequest()
    assert _refusal(stub.GetModelStatus, request) == (
        "INVALID_ARGUMENT",
        "Missing ModelSpec",
    )
    request.model_spec.name = "m"
    (status,) = stub.GetModelStatus(request).model_version_status
    assert (status.version, status.state) == (7, 30)  # AVAILABLE.
    assert status.HasField("status") and status.status.error_code == 0
    request.model_spec.version.value = 3
    assert _refusal(stub.GetModelStatus, request) == (
        "NOT_FOUND",
        "Could not find version 3 of model m",
    )
    request.model_spec.name = "n"
    request.model_spec.ClearField("version_choice")
    assert _refusal(stub.GetModelStatus, request) == (
        "NOT_FOUND",
        "Could not find any versions of model n",
    )


CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def _examples(kind, name="m", signature=""):
    request = {
        "Classify": classification_pb2.ClassificationRequest,
        "Regress": regression_pb2.RegressionRequest,
    }[kind]()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    return request


def _tasks(signature="", method=CLASSIFY, name="m"):
    request = inference_pb2.MultiInferenceRequest()
    task = request.tasks.add(method_name=method)
    task.model_spec.name = name
    task.model_spec.signature_name = signature
    return request


@pytest.mark.parametrize(
    "call, request_, code, text",
    [
        (
            "Classify",
            classification_pb2.ClassificationRequest(),
            "INVALID_ARGUMENT",
            "Missing ModelSpec",
        ),
        (
            "Classify",
            _examples("Classify", "n"),
            "NOT_FOUND",
            "Servable not found for request: Latest(n)",
        ),
        (
            "Classify",
            _examples("Classify", signature="s"),
            "INVALID_ARGUMENT",
            "No signature was found with the name: s",
        ),
        (
            "Classify",
            _examples("Classify"),
            "INVALID_ARGUMENT",
            "Expected one input Tensor.",
        ),
        (
            "Classify",
            _examples("Classify", signature="encode"),
            "INVALID_ARGUMENT",
            "No classification inputs found in SignatureDef: inputs",
        ),
        (
            "Regress",
            _examples("Regress", signature="s"),
            "INVALID_ARGUMENT",
            "No signature was found with the name: s",
        ),
        (
            "Regress",
            _examples("Regress", signature="encode"),
            "INVALID_ARGUMENT",
            "No regression inputs found in SignatureDef: inputs",
        ),
        (
            "MultiInference",
            inference_pb2.MultiInferenceRequest(),
            "INVALID_ARGUMENT",
            "ModelSpec has no name specified.",
        ),
        (
            "MultiInference",
            _tasks("s"),
            "INVALID_ARGUMENT",
            "Requested signature not found in model graph: s",
        ),
        (
            "MultiInference",
            _tasks(method="tensorflow/serving/predict"),
            "UNIMPLEMENTED",
            "Unsupported signature method_name: tensorflow/serving/predict",
        ),
        (
            "MultiInference",
            _tasks(method=REGRESS),
            "INVALID_ARGUMENT",
            "Expected one input Tensor.",
        ),
    ],
)
def test_requests_of_examples_are_refused_as_there(
    channel, call, request_, code, text
):
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    got = _refusal(getattr(stub, call), request_)
    assert (got[0], got[1][: len(text)]) == (code, text)


def test_a_configuration_is_reloaded_on_request(plain_path, tmp_path):
    os.symlink(plain_path, tmp_path / "3")
    request = model_management_pb2.ReloadConfigRequest()
    with (
        serving(plain_path) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        assert _refusal(stub.HandleReloadConfigRequest, request) == (
            "INVALID_ARGUMENT",
            "ServerModelConfig type not supported by HandleReloadConfigRequest."
            " Only ModelConfigList is currently supported",
        )
        request.config.model_config_list.config.extend(
            config.models("", "n", str(tmp_path))
        )
        response = stub.HandleReloadConfigRequest(request, timeout=60)
        assert response.status.error_code == 0
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = plain_request()
        assert _refusal(stub.Predict, request)[0] == "NOT_FOUND"
        request.model_spec.name = "n"
        assert stub.Predict(request).model_spec.version.value == 3
