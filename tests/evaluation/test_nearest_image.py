import numpy as np

from aeai_tf.evaluation.nearest_image import NearestImage


def test_finds_what_subtraction_finds():
    random = np.random.default_rng(0)
    images = random.random([50, 8, 8, 3], np.float32)
    queries = random.random([5, 7, 8, 8, 3], np.float32)
    found = NearestImage(images).find(queries)
    apart = np.square(queries[:, :, None] - images).sum(axis=(3, 4, 5))
    np.testing.assert_array_equal(found, apart.argmin(axis=2))


def test_tells_bright_images_that_hardly_differ():
    # As the poses of a ring: one grey level in one pixel of 64 x 64.
    images = np.full([3, 64, 64, 3], 0.9, np.float32)
    images[1, 0, 0], images[2, 0, 1] = 230 / 255, 230 / 255
    found = NearestImage(images).find(images)
    np.testing.assert_array_equal(found, [0, 1, 2])
