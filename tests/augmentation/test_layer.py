import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import runs, spectral
from aeai_tf.augmentation import LatentInterpolation
from aeai_tf.errors import UserError
from aeai_tf.methods import pixel_blend
from tests.evaluation import small_runs

SIZE = 4


@pytest.fixture(scope="module")
def blend():
    """Encoder and decoder whose latents are pixels."""
    config = small_runs.config("", "pixel_blend")
    config.image_size = SIZE
    model = pixel_blend.PixelBlend.from_settings(config, None)
    return model.encoder, model.decoder


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random([6, SIZE, SIZE, 3], np.float32)


@pytest.fixture
def make(blend):
    return lambda **options: LatentInterpolation(*blend, **options)


def test_images_and_labels_are_mixed_alike(make, images):
    labels = images.mean(axis=(1, 2, 3))
    mixed, mixed_labels = make(seed=0)(images, labels)
    assert (mixed.numpy() != images).any(axis=(1, 2, 3)).sum() >= 4
    np.testing.assert_allclose(
        mixed.numpy().mean(axis=(1, 2, 3)), mixed_labels, atol=1e-6
    )


def test_pairs_of_labels_say_what_was_mixed(make, images):
    names = np.arange(6)
    mixed, (one, other, alpha) = make(seed=0, labels="pairs")(images, names)
    np.testing.assert_array_equal(one, names)
    assert sorted(other.numpy()) == list(names)
    alpha = alpha.numpy()[:, None, None, None]
    expected = (1 - alpha) * images + alpha * images[other]
    np.testing.assert_allclose(mixed, expected, atol=1e-6)


def test_nearest_partners(make, images):
    copies = np.concatenate([images, images + 0.001])
    _, (_, other, _) = make(partner="nearest", labels="pairs")(
        copies, np.arange(12)
    )
    np.testing.assert_array_equal(other, (np.arange(12) + 6) % 12)


def test_a_share_of_the_images_stays(make, images):
    many = np.random.default_rng(1).random([600, *images.shape[1:]], np.float32)
    mixed, (_, _, alpha) = make(rate=0.25, labels="pairs", seed=0)(
        many, np.arange(600)
    )
    same = (mixed.numpy() == many).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(same, alpha.numpy() == 0)
    assert 0.7 < same.mean() < 0.8
    np.testing.assert_array_equal(make(rate=0.0)(images), images)


def test_inference_changes_nothing(make, images):
    layer = make(seed=0)
    labels = np.arange(6.0)
    same, same_labels = layer(images, labels, training=False)
    np.testing.assert_array_equal(same, images)
    np.testing.assert_array_equal(same_labels, labels)
    model = keras.Sequential([keras.Input([SIZE, SIZE, 3]), layer])
    np.testing.assert_array_equal(model.predict(images, verbose=0), images)


def test_the_seed_decides(make, images):
    layer, again, other = make(seed=1), make(seed=1), make(seed=2)
    first, second = layer(images), layer(images)
    np.testing.assert_array_equal(first, again(images))
    np.testing.assert_array_equal(second, again(images))
    assert np.any(first != second)
    assert np.any(first != other(images))
    np.testing.assert_array_equal(
        layer(images, call_number=7), make(seed=1)(images, call_number=7)
    )
    assert np.any(layer(images, call_number=7) != layer(images, call_number=8))


def test_maps_of_tf_data(make, images):
    data = tf.data.Dataset.from_tensor_slices((images, np.eye(6)))
    batches = data.repeat(2).batch(4)
    assert batches.map(make()).element_spec[0].shape[1:] == (SIZE, SIZE, 3)
    one, other = (list(batches.map(make(seed=3))) for _ in range(2))
    for (x, y), (again, labels) in zip(one, other, strict=True):
        np.testing.assert_array_equal(x, again)
        np.testing.assert_array_equal(y, labels)
        np.testing.assert_allclose(y.numpy().sum(axis=1), 1, atol=1e-6)
    only = list(batches.map(lambda x, y: x).map(make(seed=3)))
    np.testing.assert_array_equal(only[0], one[0][0])
    layer = make(seed=3)
    numbered = batches.enumerate().map(
        lambda k, xy: layer(*xy, call_number=k), num_parallel_calls=2
    )
    for k, ((x, y), (mixed, _)) in enumerate(
        zip(batches, numbered, strict=True)
    ):
        expected, _ = layer(x, y, call_number=k)
        np.testing.assert_allclose(mixed, expected, atol=1e-6)


@pytest.mark.parametrize("dense", [keras.layers.Dense, spectral.SpectralDense])
def test_first_layer_of_a_model_that_is_saved(tmp_path, dense):
    encoder = keras.Sequential(
        [
            keras.Input([SIZE, SIZE, 3]),
            keras.layers.Flatten(),
            keras.layers.BatchNormalization(),
            dense(2),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input([2]),
            dense(SIZE * SIZE * 3, activation="sigmoid"),
            keras.layers.Reshape([SIZE, SIZE, 3]),
        ]
    )
    layer = LatentInterpolation(encoder, decoder, rate=0.5, seed=3)
    model = keras.Sequential(
        [
            keras.Input([SIZE, SIZE, 3]),
            layer,
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", run_eagerly=True)
    assert len(model.trainable_variables) == 2
    assert encoder.trainable_variables  # The user's own may go on training.
    before = [w.copy() for w in layer.encoder.get_weights()]
    x = np.random.default_rng(0).random([4, SIZE, SIZE, 3], np.float32)
    model.fit(x, np.zeros([4, 1]), verbose=0)
    for old, new in zip(before, layer.encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = keras.models.load_model(path)
    np.testing.assert_allclose(
        loaded.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6
    )
    np.testing.assert_allclose(
        loaded.layers[0](x, call_number=1), layer(x, call_number=1), atol=1e-5
    )


def test_networks_of_a_run(tmp_path):
    config = small_runs.config("", "pixel_blend")
    run = small_runs.untrained(tmp_path / "run", config)
    layer = LatentInterpolation.from_run(run, rate=0.5)
    assert layer.encoder.output_shape == (None, 16 * 16 * 3)
    assert layer.rate == 0.5
    with pytest.raises(UserError, match="is no run"):
        LatentInterpolation.from_run(str(tmp_path))


def test_networks_of_a_run_are_those_in_use(tmp_path):
    config = small_runs.config("", "ae", weight_averaging=0.5)
    model = runs.build_model(config)
    mean = model.averaged["decoder"].weights[0]
    mean.assign_add(np.ones(mean.shape))
    run = small_runs.save(tmp_path / "run", config, model=model)
    layer = LatentInterpolation.from_run(run)
    for kept, averaged in zip(
        layer.decoder.weights, model.averaged["decoder"].weights, strict=True
    ):
        np.testing.assert_array_equal(kept.numpy(), averaged.numpy())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partner": "next"}, "none of random, nearest"),
        ({"labels": "both"}, "none of mix, pairs"),
        ({"rate": 1.5}, "between 0 and 1"),
        ({"concentration": 0.0}, "above 0"),
    ],
)
def test_refuses(make, options, message):
    with pytest.raises(UserError, match=message):
        make(**options)
