import numpy as np
import pytest

from aeai_tf.evaluation import quality
from tests.evaluation import sets


def test_exact_images():
    poses = sets.turntable()
    found = sets.measure(sets.Scripted(poses, sets.truth(poses)))["quality"]
    assert found["all_pairs"]["ssim"]["value"] == pytest.approx(1)
    assert found["all_pairs"]["psnr"]["value"] == 100


def test_psnr_by_hand_of_images_in_between():
    poses = sets.turntable()

    def draw(paths):
        # The ends are exact, and not counted.
        images = poses.images[paths]
        images[:, 1:-1] += 0.1
        return images

    found = sets.measure(sets.Scripted(poses, draw))["quality"]["all_pairs"]
    assert found["psnr"]["value"] == pytest.approx(20, rel=1e-4)
    assert found["ssim"]["value"] < 1


def test_small_images_have_no_ssim():
    images = np.zeros([2, 3, 8, 8, 3], np.float32)
    assert set(quality.similarity(images, images)) == {"psnr"}
