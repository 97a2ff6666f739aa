import dataclasses

import numpy as np
import pytest

from aeai_tf import interpolation
from aeai_tf.data import image_set
from aeai_tf.evaluation import figures, manifold, pictures
from tests.evaluation import sets


class Blend(sets.Pixels):
    """A model whose every latent is known."""

    def interpolate(self, source, target, alpha):
        return interpolation.lerp(source, target, alpha)


class Circle(Blend):
    """Latents on a circle, on which all images lie."""

    latent_dim = 2

    def __init__(self, poses, latent_dim=2):
        super().__init__(poses)
        self.images = poses.images
        self.latent_dim = latent_dim

    def encode(self, images):
        pose = [np.abs(self.images - x).sum((1, 2, 3)).argmin() for x in images]
        angle = 2 * np.pi * np.array(pose) / len(self.images)
        flat = np.stack([np.cos(angle), np.sin(angle)], 1)
        return np.pad(flat, [(0, 0), (0, self.latent_dim - 2)])

    def decode(self, latents):
        radius = np.linalg.norm(latents, axis=1)[:, None, None, None]
        return radius * np.ones([1, *self.shape])


def dome(altitudes: int = 8) -> image_set.ImageSet:
    altitude, azimuth = np.meshgrid(
        45 + 5 * np.arange(altitudes), range(0, 360, 10), indexing="ij"
    )
    count = altitude.size
    return image_set.ImageSet(
        name="pole",
        images=np.random.default_rng(0).random([count, 4, 4, 3], np.float32),
        factors={
            "altitude": altitude.ravel().astype(np.float32),
            "azimuth": azimuth.ravel().astype(np.float32),
        },
        periods={"altitude": None, "azimuth": 360.0},
        train=np.arange(count),
        held_out=np.arange(0),
    )


def test_strip_has_the_blend_on_top_and_the_truth_at_the_bottom():
    poses = sets.turntable(72)
    models = {"pixel_blend": Blend(poses), "ae": Blend(poses)}
    models["aeai"] = Circle(poses)
    rows = pictures.strip_rows(poses, models, ["pixel_blend", "ae"], 70, 14)
    assert list(rows) == ["pixel blend", "AE", "true"]
    blend = np.linspace(poses.images[70], poses.images[14], 9)
    np.testing.assert_allclose(rows["pixel blend"], blend, atol=1e-6)
    np.testing.assert_allclose(rows["AE"], blend, atol=1e-6)
    path = [70, 0, 2, 4, 6, 8, 10, 12, 14]  # 80 degrees, by 10.
    np.testing.assert_array_equal(
        rows["true"][[0, 1, 8]], poses.images[path][[0, 1, 8]]
    )


def test_truth_is_blank_where_the_set_has_none():
    poses = sets.turntable(36)
    rows = pictures.strip_rows(poses, {}, [], 0, 4)  # 40 degrees, by 5.
    assert (rows["true"][1::2] == np.float32(pictures.BACKGROUND)).all()
    np.testing.assert_array_equal(rows["true"][2::2], poses.images[1:5])
    rows = pictures.strip_rows(poses, {}, [], 0, 1)
    assert list(rows) == ["pixel blend"]


def test_strip_names_rows_and_alphas():
    rows = {"pixel blend": np.zeros([9, 4, 4, 3]), "AE": np.ones([9, 4, 4, 3])}
    (axis,) = pictures.strip(rows).axes
    assert [t.get_text() for t in axis.get_yticklabels()] == list(rows)
    labels = [t.get_text() for t in axis.get_xticklabels()]
    assert labels == [f"{k / 8:.3g}" for k in range(9)]


def test_mosaic_puts_every_image_in_its_place():
    images = np.random.default_rng(0).random([2, 3, 32, 32, 3])
    whole = pictures.mosaic(images)
    assert whole.shape == (2 * 34 - 2, 3 * 34 - 2, 3)
    np.testing.assert_allclose(whole[34:, 68:], images[1, 2], atol=1e-6)
    np.testing.assert_allclose(whole[32:34], pictures.BACKGROUND)
    assert pictures.mosaic(images + 1).max() == 1


def test_grid_of_one_factor_goes_a_spacing_across_and_two_down():
    poses = sets.turntable(36)
    expected = 2 * np.arange(7)[:, None] + np.arange(7)
    np.testing.assert_array_equal(pictures.grid_indices(poses), expected)
    held_out = (expected[::6, ::6].ravel() + 30) % 36
    poses = dataclasses.replace(poses, held_out=np.sort(held_out))
    np.testing.assert_array_equal(
        pictures.grid_indices(poses), (expected + 30) % 36
    )


def test_grid_of_two_factors_has_one_down_and_the_other_across():
    poses = dome()
    indices = pictures.grid_indices(poses)
    altitude = poses.factors["altitude"][indices]
    azimuth = poses.factors["azimuth"][indices]
    assert (altitude == 45 + 5 * np.arange(7)[:, None]).all()
    assert (azimuth == 20 * np.arange(7)).all()


def test_sets_that_are_too_small_have_no_grid():
    assert pictures.grid_indices(dome(altitudes=5)) is None
    assert pictures.grid_indices(sets.line(12)) is None
    assert pictures.grid_indices(sets.turntable(24)) is None  # Half a turn.


def test_grid_is_exact_in_its_corners_and_bilinear_between_them():
    poses = sets.turntable()
    corners = poses.images[[[0, 9], [18, 27]]]
    decoded = pictures.grid_images(Blend(poses), corners)
    np.testing.assert_array_equal(decoded[::6, ::6], corners)
    np.testing.assert_allclose(
        decoded[3, 3], corners.mean(axis=(0, 1)), atol=1e-6
    )
    np.testing.assert_allclose(
        decoded[0, 2], (2 * corners[0, 0] + corners[0, 1]) / 3, atol=1e-6
    )
    np.testing.assert_allclose(
        decoded[2, 0], (2 * corners[0, 0] + corners[1, 0]) / 3, atol=1e-6
    )


def test_points_on_and_off_the_manifold():
    poses = sets.turntable()
    seen = manifold.measure(Circle(poses), poses.images)
    np.testing.assert_allclose(np.linalg.norm(seen.latents, axis=1), 1)
    radius = np.linalg.norm(seen.ends.mean(axis=1), axis=1)
    assert radius[0] > 0.98
    assert radius[1] < 0.02
    np.testing.assert_allclose(seen.decoded[:, 0, 0, 0], radius)


def test_two_and_three_dimensions_are_drawn_as_they_are():
    latents = np.random.default_rng(0).normal(size=[9, 3])
    for dimensions in (2, 3):
        project, shares = manifold.projection(latents[:, :dimensions])
        assert shares is None
        np.testing.assert_array_equal(
            project(latents[:, :dimensions]), latents[:, :dimensions]
        )


def test_more_dimensions_are_projected_on_principal_components():
    random = np.random.default_rng(0)
    plane = random.normal(size=[400, 2]) * [3, 1]
    axes, _ = np.linalg.qr(random.normal(size=[20, 2]))
    latents = 5 + plane @ axes.T
    project, shares = manifold.projection(latents)
    np.testing.assert_allclose(shares, [0.9, 0.1], atol=0.03)
    drawn = project(latents)
    assert drawn.shape == (400, 2)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(drawn.var(axis=0), plane.var(axis=0), rtol=0.05)
    one, shares = manifold.projection(latents[:, :1])
    np.testing.assert_allclose(shares, [1, 0])
    assert not one(latents[:, :1])[:, 1].any()


def test_grid_lines_join_neighbours_along_one_factor():
    assert len(manifold.grid_lines(sets.turntable(36), "angle")) == 36
    assert len(manifold.grid_lines(sets.line(19), "angle")) == 18
    poses = dome()
    assert len(manifold.grid_lines(poses, "altitude")) == 7 * 36
    edges = manifold.grid_lines(poses, "azimuth")
    assert len(edges) == 8 * 36
    altitude = poses.factors["altitude"][edges]
    assert (altitude[:, 0] == altitude[:, 1]).all()


def test_manifolds_are_drawn_in_their_dimensions():
    poses = sets.turntable()
    found = {
        method: manifold.measure(Circle(poses, dim), poses.images)
        for method, dim in (("ae", 2), ("acai", 3), ("aeai", 9))
    }
    axes = manifold.manifolds(poses, found).axes
    plots = {axis.get_title(): axis for axis in axes if axis.get_xlabel()}
    assert plots["AE"].get_ylabel() == "z2"
    assert plots["ACAI"].name == "3d"
    assert plots["ACAI"].get_zlabel() == "z3"
    assert plots["AEAI (proposed)"].get_ylabel() == "component 2 (50%)"
    points = plots["AE"].collections[0].get_offsets()
    np.testing.assert_array_equal(points, found["ae"].latents)
    images = [axis.images[0].get_array() for axis in axes if axis.images]
    assert len(images) == 6
    np.testing.assert_array_equal(images[0], found["ae"].decoded[0])


@pytest.fixture
def drawn(monkeypatch):
    """Names, and captions, of what `pictures.draw` would save."""

    def save(figure, out_dir, name, title, caption):
        return name, caption

    monkeypatch.setattr(figures, "save", save)
    return lambda *args: dict(pictures.draw(*args, "nowhere"))


def test_all_pictures_of_a_turntable(drawn):
    poses = sets.turntable(36)
    poses = dataclasses.replace(poses, held_out=np.array([0, 8, 12, 14]))
    methods = ("pixel_blend", "ae", "aeai", "aeai_no_cycle")
    found = drawn(poses, {method: Blend(poses) for method in methods})
    assert list(found) == [
        "figure_01_05_strip_angle_0_to_80_held_out",
        "figure_01_05_strip_angle_80_to_120_held_out",
        "figure_02_manifold",
        "figure_09_10_grid",
        "figure_12_13_strip_angle_0_to_80_held_out",
        "figure_12_13_strip_angle_80_to_120_held_out",
        "figure_12_13_grid",
    ]
    assert (
        "held out of training"
        in found["figure_01_05_strip_angle_0_to_80_held_out"]
    )
    assert "variance explained: AE" in found["figure_02_manifold"]
    assert "pixel blend" not in found["figure_02_manifold"]


def test_pictures_of_the_pole_without_ablation(drawn):
    poses = dome()
    found = drawn(poses, {"aeai": Circle(poses)})
    assert list(found) == [
        "figure_01_05_strip_altitude_45_to_80",
        "figure_01_05_strip_azimuth_0_to_80",
        "figure_01_05_strip_azimuth_0_to_40",
        "figure_02_manifold",
        "figure_11_grid",
    ]
    assert "altitude from 45° to 75°" in found["figure_11_grid"]
    assert "0 of the four" in found["figure_11_grid"]
    assert "variance" not in found["figure_02_manifold"]


def test_pictures_are_files(tmp_path):
    poses = sets.turntable(8)
    drawn = pictures.draw(poses, {"aeai": Circle(poses)}, str(tmp_path))
    assert len(drawn) == 3  # Two strips and a manifold.
    for figure in drawn:
        for path in (figure.png, figure.svg):
            with open(path, "rb") as file:
                assert len(file.read()) > 1000
