import numpy as np
import pytest

from aeai_tf.augmentation import recipe as recipes
from aeai_tf.augmentation.recipe import Groups, Recipe
from aeai_tf.data.image_set import ImageSet
from aeai_tf.errors import UserError
from tests.evaluation import sets


def unknown(latents) -> tuple[ImageSet, np.ndarray]:
    """A set without factors, all to train on, and its latents."""
    count = len(latents)
    image_set = ImageSet(
        name="folder/photos",
        images=np.zeros([count, 2, 2, 3], np.float32),
        factors={},
        periods={},
        train=np.arange(count),
        held_out=np.arange(0),
        files=tuple(f"{k}.png" for k in range(count)),
    )
    return image_set, np.float32(latents)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe("bilinear", 4),
        Recipe("dirichlet", 3, concentration=0.2),
        Recipe(concentration=5.0),
    ],
)
def test_weights_are_shares(recipe):
    random = np.random.default_rng(0)
    weights = np.array([recipe.weights(random) for _ in range(500)])
    assert weights.shape == (500, recipe.ways)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(weights, np.round(weights, 6), atol=1e-12)
    np.testing.assert_allclose(weights.mean(axis=0), 1 / recipe.ways, atol=0.06)


def test_bilinear_weights_are_those_of_a_patch():
    random = np.random.default_rng(0)
    for _ in range(20):
        w = Recipe("bilinear", 4).weights(random)
        # (1 - a)(1 - b) ab = a (1 - b) (1 - a) b
        assert w[0] * w[3] == pytest.approx(w[1] * w[2], abs=1e-5)


def test_neighbours_by_factor_go_round_and_leave_out_what_is_held_out():
    poses = sets.turntable(36, held_out=[1, 34])
    latents = np.zeros([34, 2], np.float32)
    found = recipes.nearest(poses, latents, 4)
    first = found[list(poses.train).index(0)]
    assert set(first) == {35, 2, 33, 3}  # -10, 20, -30 and 30 degrees.


def test_neighbours_along_several_factors_count_in_gaps():
    dome = sets.dome()  # Gaps of 15 degrees along either.
    index = 2 * 24 + 5
    found = recipes.nearest(dome, np.zeros([120, 1]), 4)[index]
    assert set(found) == {index - 1, index + 1, index - 24, index + 24}


def test_neighbours_without_factors_are_those_of_the_latents():
    image_set, latents = unknown([[0.0], [10.0], [1.0], [12.0]])
    np.testing.assert_array_equal(
        recipes.nearest(image_set, latents, 2),
        [[2, 1], [3, 2], [0, 1], [1, 2]],
    )


def test_sources_are_different_training_images():
    poses = sets.turntable(12, held_out=[0, 5])
    for pairs in ("neighbours", "random"):
        groups = Groups(Recipe("dirichlet", 3, pairs), poses, np.zeros([10, 2]))
        random = np.random.default_rng(0)
        drawn = np.array([groups.draw(random, k) for k in range(200)])
        assert set(drawn.ravel()) == set(poses.train)
        assert all(len(set(row)) == 3 for row in drawn)


def test_chosen_sources_take_turns(tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text(
        "note,source_1,source_2\nx,angle 10,angle 30\ny,angle 0,angle 20\n"
    )
    poses = sets.turntable(36, held_out=[5])
    groups = Groups(Recipe(pairs=str(table)), poses, np.zeros([35, 2]))
    drawn = [groups.draw(None, attempt).tolist() for attempt in range(3)]
    assert drawn == [[1, 3], [0, 2], [1, 3]]
    for text, message in (
        ("source_1\nangle 10\n", "needs the columns source_1, source_2"),
        ("source_1,source_2\n", "needs the columns"),
        ("source_1,source_2\nangle 10,angle 50\n", "line 2.*'angle 50'"),
    ):
        table.write_text(text)
        with pytest.raises(UserError, match=message):
            Groups(Recipe(pairs=str(table)), poses, np.zeros([35, 2]))
    with pytest.raises(UserError, match="neither 'neighbours' nor 'random'"):
        Groups(Recipe(pairs="neighbors"), poses, np.zeros([35, 2]))


def test_factors_of_a_mixture():
    poses = sets.turntable(36)  # 10 degrees apart.
    mixed = lambda s, w: recipes.mixed_factors(  # noqa: E731
        poses, np.array(s), np.array(w)
    )["angle"]
    assert mixed([35, 1], [0.75, 0.25]) == pytest.approx(355)
    assert mixed([1, 35], [0.25, 0.75]) == pytest.approx(355)
    assert mixed([35, 1], [0.5, 0.5]) % 360 == pytest.approx(0)
    assert mixed([34, 35, 2], [0.2, 0.3, 0.5]) == pytest.approx(3)
    assert mixed([0, 12, 24], [0.3, 0.3, 0.4]) is None
    line = sets.line(19)
    assert recipes.mixed_factors(line, np.array([0, 18]), np.array([0.4, 0.6]))[
        "angle"
    ] == pytest.approx(54)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe("cubic"), "none of linear, bilinear, dirichlet"),
        (Recipe("linear", 3), "linear does not mix 3"),
        (Recipe("dirichlet", 1), "two or more"),
        (Recipe("dirichlet", 40, neighbours=40), "36 training images, too few"),
        (Recipe("bilinear", 4, neighbours=2), "2 neighbours are too few"),
        (Recipe(concentration=0.0), "concentration must be above 0"),
        (Recipe(seed=-1), "seed must be 0 or more"),
    ],
)
def test_refuses(recipe, message):
    with pytest.raises(UserError, match=message):
        Groups(recipe, sets.turntable(36), np.zeros([36, 2]))
