import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import interpolation
from aeai_tf.errors import UserError
from aeai_tf.evaluation import observe, paths
from aeai_tf.evaluation.mse_against_truth import mse_against_truth
from tests.evaluation import sets


def test_errors_are_those_of_interpolating_pair_by_pair():
    poses = sets.turntable()
    observer = observe.Observer(sets.Pixels(poses), poses, "blend")
    found = observer.along(paths.along(poses, {"angle": 70}))
    expected = mse_against_truth(interpolation.lerp, poses, "angle", 70)
    np.testing.assert_allclose(found["error"], expected, rtol=1e-4, atol=1e-9)


def test_every_image_is_decoded_once(monkeypatch):
    poses = sets.turntable()
    decoded = []

    class Counting(sets.Pixels):
        def decode(self, latents):
            tf.numpy_function(
                lambda z: decoded.append(len(z)) or z, [latents], tf.float32
            )
            return super().decode(latents)

    monkeypatch.setattr(observe, "IMAGES_IN_BATCH", 50)
    observer = observe.Observer(Counting(poses), poses, "blend")
    assert sum(decoded) == 36
    observer.along(paths.along(poses, {"angle": 70}), detailed=True)
    # The ends of all paths are known: 6 of 8 images are left.
    assert sum(decoded) == 36 + 36 * 6
    assert max(decoded) <= 50


@pytest.mark.parametrize("network", ["encode", "decode"])
def test_diverged_models_are_refused_by_name(network):
    poses = sets.turntable()
    model = sets.Pixels(poses)
    healthy = getattr(model, network)
    setattr(model, network, lambda inputs: healthy(inputs) * np.nan)
    with pytest.raises(UserError, match=r"runs/x gives .*not finite"):
        observe.Observer(model, poses, "runs/x")


def test_models_that_diverge_between_images_are_refused():
    model = sets.Bar()
    healthy = model.decode

    def decode(latents):
        real = tf.abs(latents * 2 - tf.round(latents * 2)) < 0.01
        return tf.where(real[:, :, None, None], healthy(latents), np.nan)

    model.decode = decode
    observer = observe.Observer(model, sets.line(), "runs/x")
    observer.along(np.array([[0, 2, 4]]))
    with pytest.raises(UserError, match="not finite"):
        observer.along(np.array([[0, 2, 5]]))
