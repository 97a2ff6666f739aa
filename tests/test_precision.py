"""Networks that compute in bfloat16, and all that stays in float32."""

import collections

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from aeai_tf import checkpoints, interpolation, networks, runs, saved_model
from aeai_tf import config as configuration

BFLOAT16 = "mixed_bfloat16"
SMALL = {
    "image_size": 16,
    "latent_dim": 4,
    "convs_per_block": 1,
    "normalization": "batch",
}


IMAGES = np.random.default_rng(0).random([32, 16, 16, 3], np.float32)


def small_config(method="ae", **settings):
    config = configuration.load_file(f"configs/{method}.py")
    config.update(SMALL | settings)
    return config


@pytest.fixture(scope="module")
def model():
    return prepared(small_config("aeai", precision=BFLOAT16))


def prepared(config, precision=None):
    built = runs.build_model(config, precision)
    built.prepare(IMAGES)
    return built


@pytest.fixture(scope="module")
def batch(model):
    # So many that the statistics of the batch are no matter of rounding.
    images = tf.random.stateless_uniform([32, 16, 16, 3], [0, 1])
    pair = {"source": images[:16], "target": images[16:]}
    return pair | model.sample(tf.constant([0, 1]), 16)


@pytest.fixture(scope="module")
def sums_in_float32() -> bool:
    """Whether this processor's kernels add up products in float32.

    With instructions for bfloat16 (`avx512_bf16`, `amx_bf16`) they do, and one
    transposed convolution is off by 2e-3, the rounding of its result. Without,
    TensorFlow's kernel adds up in bfloat16, and it is off by 1e-2.
    """
    x = tf.random.stateless_normal([16, 8, 8, 64], [1, 2], dtype=tf.bfloat16)
    kernel = tf.random.stateless_normal([3, 3, 64, 64], [3, 4], dtype=x.dtype)

    def upsample(dtype):
        low = tf.nn.conv2d_transpose(
            tf.cast(x, dtype), tf.cast(kernel, dtype), [16, 16, 16, 64], 2
        )
        return tf.cast(low, tf.float64).numpy()

    exact = upsample(tf.float64)
    error = np.linalg.norm(upsample(tf.bfloat16) - exact)
    return error < 4e-3 * np.linalg.norm(exact)


def test_networks_compute_in_bfloat16_and_their_heads_do_not(model):
    assert keras.config.dtype_policy().name == "float32"
    for network in (model.encoder, model.decoder, model.discriminator):
        computed = {each.name: each.compute_dtype for each in network.layers}
        assert computed.pop("head") == "float32"
        assert set(computed.values()) <= {"bfloat16", "float32"}
        convolutions = [d for name, d in computed.items() if "conv" in name]
        assert set(convolutions) == {"bfloat16"}


def test_weights_and_optimisers_are_those_of_full_precision(model):
    full = runs.build_model(small_config("aeai"), "float32")
    for variable, same in zip(model.weights, full.weights, strict=True):
        counted = variable is model.counters["ramp"]
        assert variable.dtype == ("int64" if counted else "float32")
        np.testing.assert_array_equal(variable.numpy(), same.numpy())
    for optimizer in model.player_optimizers.values():
        assert {v.dtype for v in optimizer.variables} == {"int64", "float32"}


def test_terms_are_float32_and_nearly_those_of_full_precision(model):
    """Over 8 batches: rounding turns a derivative, either way, by a quarter."""
    full = prepared(small_config("aeai"), "float32")
    found, expected = collections.Counter(), collections.Counter()
    for seed in range(8):
        images = tf.random.stateless_uniform([128, 16, 16, 3], [0, seed])
        pairs = {"source": images[:64], "target": images[64:]}
        pairs |= model.sample(tf.constant([seed, 1]), 64)
        terms, _ = model.compute_terms(pairs, training=True)
        assert {value.dtype for value in terms.values()} == {tf.float32}
        found.update({n: float(v) for n, v in terms.items()})
        terms, _ = full.compute_terms(pairs, training=True)
        expected.update({n: float(v) for n, v in terms.items()})
    del expected["discriminator_accuracy"]
    for name, value in expected.items():
        error = abs(found[name] / value - 1)
        assert 1e-7 < error < 0.1, (name, error)


def test_failing_to_build_leaves_full_precision(monkeypatch):
    def fail(*_, **__):
        raise ValueError

    monkeypatch.setattr(networks, "autoencoder", fail)
    with pytest.raises(ValueError):
        runs.build_model(small_config(precision=BFLOAT16))
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("activation", ["relu", "softplus"])
@pytest.mark.parametrize("mode", ["forward", "nested_tapes"])
def test_derivative_is_that_of_float64_within_its_precision(
    mode, activation, monkeypatch, sums_in_float32
):
    """bfloat16 rounds to one part in 256.

    Of a smooth decoder that is all. A ReLU's derivative jumps: rounding alone
    the weights of the real decoder turns the derivative by a tenth, but makes
    it neither longer nor shorter.
    """
    monkeypatch.setattr(
        keras.layers,
        "ReLU",
        lambda **options: keras.layers.Activation(activation, **options),
    )
    low = runs.build_model(small_config(precision=BFLOAT16)).decoder
    exact = networks.decoder(16, 4, convs_per_block=1, dtype="float64")
    for variable, value in zip(exact.weights, low.weights, strict=True):
        variable.assign(value)

    def derivative(decoder, dtype):
        point = tf.random.stateless_normal([16, 4], [1, 2], dtype=tf.float64)
        along = tf.random.stateless_normal([16, 4], [3, 4], dtype=tf.float64)
        return interpolation.value_and_derivative(
            lambda latents: decoder(latents, training=True),
            tf.cast(point, dtype),
            tf.cast(along, dtype),
            mode,
        )[1]

    expected = derivative(exact, tf.float64).numpy()
    found = derivative(low, tf.float32)
    assert found.dtype == tf.float32
    length = np.linalg.norm(expected)
    assert np.linalg.norm(found) == pytest.approx(length, rel=0.03)
    error = np.linalg.norm(found - expected) / length
    smooth = 0.03 if sums_in_float32 else 0.05
    assert 1e-3 < error < (smooth if activation == "softplus" else 0.25)


def test_training_goes_down_as_in_full_precision(batch):
    losses = []
    for precision in ("float32", BFLOAT16):
        model = runs.build_model(small_config(), precision)
        step = tf.function(model.train_step)
        for _ in range(40):
            model.reset_metrics()
            losses.append(float(step(batch)["reconstruction"]))
    first, last, low = losses[0], losses[39], losses[79]
    assert last < 0.8 * first
    assert low == pytest.approx(last, rel=0.05)


def test_a_run_is_used_and_exported_in_full_precision(tmp_path):
    config = small_config(precision=BFLOAT16)
    folder = str(tmp_path / "run")
    runs.open_folder(folder, config)
    trained = runs.build_model(config)
    checkpoints.save(trained, folder, 1)
    read, used = runs.load(folder)
    assert read.precision == BFLOAT16
    for variable, same in zip(used.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(variable.numpy(), same.numpy())
    path = saved_model.export(
        used, str(tmp_path / "model"), image_size=16, metadata={}
    )
    with open(f"{path}/saved_model.pb", "rb") as file:
        saved = saved_model_pb2.SavedModel.FromString(file.read())
    types = {
        attribute.type
        for function in saved.meta_graphs[0].graph_def.library.function
        for node in function.node_def
        for attribute in node.attr.values()
    }
    assert tf.float32.as_datatype_enum in types
    assert tf.bfloat16.as_datatype_enum not in types


def test_runs_from_before_there_was_a_choice_resume(tmp_path):
    config = small_config()
    old = configuration.from_json(configuration.to_json(config))
    del old["precision"]
    assert configuration.differences(old, config) == []
    config.precision = BFLOAT16
    (different,) = configuration.differences(old, config)
    assert different.startswith("precision is 'float32' there")
    runs.build_model(old)
