import numpy as np
import pytest

from aeai_tf.evaluation import pace, paths
from tests.evaluation import sets


def measured(poses, draw):
    return sets.measure(sets.Scripted(poses, draw))["pace"]["all_pairs"]


def test_true_images_in_time():
    poses = sets.turntable()
    found = measured(poses, sets.truth(poses))
    assert found["beside_the_way"]["value"] == 0
    assert found["deviation"]["value"] == 0


def test_true_images_of_another_moment():
    poses = sets.turntable()
    # One pose late; source and target are in time.
    late = sets.at(poses, lambda steps: [0, *range(steps - 1), steps])
    found = measured(poses, late)
    assert found["beside_the_way"]["value"] == 0
    # A pose is 10 of 80 degrees.
    assert found["deviation"]["value"] == pytest.approx(1 / 8)


def test_images_beside_the_way():
    poses = sets.turntable()

    def brighter(path):
        return poses.images[path] + np.float32(0.1)

    found = measured(poses, brighter)
    assert found["beside_the_way"]["value"] == pytest.approx(0.01, rel=1e-4)
    assert found["deviation"]["value"] == 0


def test_an_image_of_elsewhere_is_beside_the_way():
    poses = sets.turntable()

    def opposite(path):
        images = poses.images[path]
        images[:, 1:-1] = poses.images[(path[:, 1:-1] + 18) % 36]
        return images

    assert measured(poses, opposite)["beside_the_way"]["value"] > 0.1


def test_even_steps_have_an_even_pace():
    poses = sets.line()
    found = pace.of_even_pace(poses, paths.along(poses, {"angle": 40}))
    assert found["pixels"]["mean_in_between"] == pytest.approx(0, abs=1e-6)
    assert found["pixels"]["middle"] == pytest.approx(0, abs=1e-6)


def test_even_pace_by_hand():
    # Grey images whose steps are 1, 1, 1 and 3 sixths of the way.
    grey = np.array([0, 1, 2, 3, 6], np.float32) / 6
    poses = sets.line(5)
    poses = type(poses)(
        **vars(poses)
        | {"images": np.tile(grey[:, None, None, None], [1, 4, 4, 3])}
    )
    found = pace.of_even_pace(poses, np.array([[0, 1, 2, 3, 4]]))["pixels"]
    off = np.array([0.25, 0.5, 0.75]) - grey[1:4]
    assert found["mean_in_between"] == pytest.approx(np.mean(off**2))
    assert found["middle"] == pytest.approx(off[1] ** 2)


def test_images_that_never_change_have_a_pace():
    poses = sets.line(5)
    same = np.repeat(poses.images[:1], 5, axis=0)
    poses = type(poses)(**vars(poses) | {"images": same})
    found = pace.of_even_pace(poses, np.array([[0, 1, 2, 3, 4]]))
    none = {"mean_in_between": 0, "middle": 0}
    assert found == {"pixels": none, "images": none}


def test_a_pace_that_is_even_in_images_follows_their_spacing():
    """Of a line on which one half is three times as dense."""
    grey = np.append(np.arange(20), 20 + 3 * np.arange(21)) / 80
    poses = sets.line(41)
    images = np.tile(grey[:, None, None, None], [1, 4, 4, 3])
    poses = type(poses)(**vars(poses) | {"images": images.astype(np.float32)})
    found = pace.of_even_pace(poses, np.arange(41)[None])
    pixels, passed = (found[u]["mean_in_between"] for u in ("pixels", "images"))
    assert passed < 0.02 * pixels


def test_sets_of_too_many_images_have_a_pace_in_pixels_alone(monkeypatch):
    monkeypatch.setattr(pace.neighbors, "MOST", 4)
    found = pace.of_even_pace(sets.line(5), np.array([[0, 1, 2, 3, 4]]))
    assert set(found) == {"pixels"}


def test_a_line_across_a_circle_is_fast_in_its_middle_by_hand():
    # A third of a circle: at 1/4 of the chord, atan(tan(60) / 2) is 40.9
    # degrees from the middle, where an even pace is 30 from it.
    grey = np.linspace(0, 1, 5, dtype=np.float32)
    poses = sets.line(5)
    images = np.tile(grey[:, None, None, None], [1, 4, 4, 3])
    poses = type(poses)(**vars(poses) | {"images": images})
    found = pace.of_a_circle(poses, np.array([[0, 1, 2, 3, 4]]), 1 / 3)
    off = (np.degrees(np.arctan(np.sqrt(3) / 2)) - 30) / 120
    assert found["mean_in_between"] == pytest.approx(2 * off**2 / 3, rel=1e-4)
    assert found["middle"] == pytest.approx(0, abs=1e-9)


def test_short_lines_across_a_circle_are_even():
    poses = sets.turntable()
    found = pace.of_a_circle(poses, paths.along(poses, {"angle": 20}), 1e-3)
    assert found["mean_in_between"] == pytest.approx(0, abs=1e-6)
