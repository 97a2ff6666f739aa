import numpy as np
import PIL.Image
import pytest

from aeai_tf.data import image_set
from aeai_tf.data.pole import scene
from aeai_tf.errors import UserError


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("tfds"))


@pytest.fixture(scope="module")
def pole(data_dir):
    return image_set.load("pole", 16, seed=0, data_dir=data_dir)


@pytest.fixture(scope="module")
def turntable(tmp_path_factory):
    """A folder with object 5 at every 10 degrees but 50."""
    folder = tmp_path_factory.mktemp("coil100")
    for angle in set(range(0, 360, 10)) - {50}:
        array = np.full((16, 16, 3), angle // 2, np.uint8)
        PIL.Image.fromarray(array).save(folder / f"obj5__{angle}.png")
    return str(folder)


def at(images, **factors):
    """Index of the image with these factors."""
    matches = [images.factors[name] == v for name, v in factors.items()]
    (index,) = np.flatnonzero(np.logical_and.reduce(matches))
    return index


def test_pole_is_in_order_of_its_factors(pole):
    altitude, azimuth = np.meshgrid(
        range(45, 81, 5), range(0, 360, 5), indexing="ij"
    )
    np.testing.assert_array_equal(pole.factors["altitude"], altitude.ravel())
    np.testing.assert_array_equal(pole.factors["azimuth"], azimuth.ravel())
    assert pole.periods == {"altitude": None, "azimuth": 360.0}
    assert pole.images.dtype == np.float32
    assert pole.images.shape == (576, 16, 16, 3)
    for index in (0, 100, 575):
        np.testing.assert_allclose(
            255 * pole.images[index],
            scene.render(
                pole.factors["altitude"][index],
                pole.factors["azimuth"][index],
                16,
            ),
            atol=1e-3,
        )


def test_split_is_disjoint_complete_and_of_the_documented_sizes(
    pole, coil100_dir
):
    coil = image_set.load("coil100/12", 16, seed=0, coil100_dir=coil100_dir)
    for images, train, held_out in ((pole, 460, 116), (coil, 57, 15)):
        assert len(images.train) == train
        assert len(images.held_out) == held_out
        both = np.concatenate([images.train, images.held_out])
        np.testing.assert_array_equal(np.sort(both), range(train + held_out))
        assert (np.diff(images.train) > 0).all()
        assert (np.diff(images.held_out) > 0).all()


def test_split_depends_on_the_seed_alone(pole, data_dir):
    again = image_set.load("pole", 16, seed=0, data_dir=data_dir)
    other = image_set.load("pole", 16, seed=1, data_dir=data_dir)
    np.testing.assert_array_equal(pole.train, again.train)
    assert set(pole.held_out) != set(other.held_out)


def test_all_images_may_be_trained_on(turntable):
    images = image_set.load(
        "coil100/5", 16, seed=0, train_fraction=1, coil100_dir=turntable
    )
    assert len(images.train) == 35
    assert len(images.held_out) == 0


def test_between_on_the_grid_is_the_stored_image(pole):
    source = at(pole, altitude=50, azimuth=350)
    target = at(pole, altitude=60, azimuth=10)
    middle = at(pole, altitude=55, azimuth=0)
    for alpha, index in ((0, source), (0.5, middle), (1, target)):
        found = pole.between(source, target, alpha)
        assert np.shares_memory(found, pole.images)
        np.testing.assert_array_equal(found, pole.images[index])


def test_between_off_the_grid_is_rendered(pole):
    source = at(pole, altitude=50, azimuth=350)
    target = at(pole, altitude=60, azimuth=10)
    np.testing.assert_array_equal(
        pole.between(source, target, 0.75),
        scene.render(57.5, 5, 16).astype(np.float32) / 255,
    )
    np.testing.assert_array_equal(
        pole.between(target, source, 0.75),
        scene.render(52.5, 355, 16).astype(np.float32) / 255,
    )


def test_between_goes_the_short_way_round_or_finds_nothing(turntable):
    images = image_set.load("coil100/5", 16, seed=0, coil100_dir=turntable)
    assert images.name == "coil100/5"
    source, target = at(images, angle=330), at(images, angle=30)
    np.testing.assert_array_equal(
        images.between(source, target, 0.5), images.images[at(images, angle=0)]
    )
    assert images.between(source, target, 0.25) is None  # 345 degrees.
    source, target = at(images, angle=40), at(images, angle=60)
    assert images.between(source, target, 0.5) is None  # 50 degrees.
    source, target = at(images, angle=200), at(images, angle=20)
    np.testing.assert_array_equal(
        images.between(source, target, 0.5),
        images.images[at(images, angle=290)],
    )


def test_pixel_blend_of_object_12(coil100_dir):
    images = image_set.load(
        "coil100/12", 64, seed=0, coil100_dir=coil100_dir
    ).images
    for degrees, expected in ((15, 0.0017), (40, 0.0054), (80, 0.0116)):
        steps = degrees // 5
        target = np.roll(images, -steps, axis=0)
        errors = [
            np.mean(
                (
                    (1 - m / steps) * images
                    + m / steps * target
                    - np.roll(images, -m, axis=0)
                )
                ** 2
            )
            for m in range(1, steps)
        ]
        assert np.mean(errors) == pytest.approx(expected, abs=0.00005)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Pole", r"did you mean 'pole'\?"),
        ("coil/12", r"did you mean 'coil100/12'\?"),
        ("coil100/101", r"coil100/1 to coil100/100"),
        ("", r"unknown data set ''"),
    ],
)
def test_unknown_data_set(name, message):
    with pytest.raises(UserError, match=message):
        image_set.load(name, 16, seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be 1 or more"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"train_fraction": 0.0}, "fraction"),
        ({"train_fraction": 1.1}, "fraction"),
        ({"train_fraction": 0.03}, "35 images, of which 1 are for training"),
    ],
)
def test_bad_arguments(turntable, arguments, message):
    arguments = {"size": 16, "seed": 0, **arguments}
    with pytest.raises(UserError, match=message):
        image_set.load("coil100/5", coil100_dir=turntable, **arguments)
