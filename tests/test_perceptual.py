import keras
import numpy as np
import pytest

from aeai_tf import config as configuration
from aeai_tf import perceptual, runs
from aeai_tf.errors import UserError


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> str:
    """VGG16 with random weights: the real ones are a download."""
    keras.utils.set_random_seed(0)
    vgg = keras.applications.VGG16(include_top=False, weights=None)
    path = tmp_path_factory.mktemp("vgg") / "random.weights.h5"
    vgg.save_weights(path)
    return str(path)


def test_distance_is_that_of_relu2_2(weights):
    distance = perceptual.PerceptualDistance(32, weights)
    one, other = np.random.default_rng(0).random([2, 3, 32, 32, 3], np.float32)
    vgg = keras.applications.VGG16(
        include_top=False, weights=weights, input_shape=(32, 32, 3)
    )
    layer = vgg.get_layer("block2_conv2").output
    features = keras.Model(vgg.input, layer)
    # VGG was trained on blue-green-red bytes less their means.
    means = np.float32([103.939, 116.779, 123.68])
    expected = np.mean(
        (
            features(one[..., ::-1] * 255 - means)
            - features(other[..., ::-1] * 255 - means)
        )
        ** 2
    )
    np.testing.assert_allclose(distance(one, other), expected, rtol=1e-4)
    assert distance(one, one) == 0
    assert not distance.features.trainable_variables


def test_run_with_perceptual_reconstruction(weights):
    """Frozen features are part of neither players nor checkpoints."""
    config = configuration.load_file("configs/ae.py")
    config.image_size, config.latent_dim = 32, 4
    config.reconstruction = "perceptual"
    config.perceptual_weights = weights
    model = runs.build_model(config)
    config.reconstruction = "mse"
    plain = runs.build_model(config)
    assert len(model.weights) == len(plain.weights)
    images = np.random.default_rng(0).random([2, 32, 32, 3], np.float32)
    batch = {"source": images, "target": images}
    before = model.encoder.trainable_variables[0].numpy()
    terms = model.train_step(batch)
    assert terms["reconstruction"] > 0
    assert not np.array_equal(
        before, model.encoder.trainable_variables[0].numpy()
    )


def test_without_weights_it_says_how_to_get_them(tmp_path):
    with pytest.raises(
        UserError, match=r"read from .*absent.h5.*download.*perceptual_weights"
    ):
        perceptual.PerceptualDistance(32, str(tmp_path / "absent.h5"))
