import numpy as np

from aeai_tf.data import image_set, showcase


def turntable(angles, held_out) -> image_set.ImageSet:
    return image_set.ImageSet(
        name="turntable",
        images=np.zeros([len(angles), 2, 2, 3], np.float32),
        factors={"angle": np.float32(angles)},
        periods={"angle": 360.0},
        train=np.setdiff1d(np.arange(len(angles)), held_out),
        held_out=np.array(held_out, int),
    )


def test_prefers_pairs_that_were_not_trained_on():
    poses = turntable(range(0, 360, 5), [3, 19, 40, 48])
    assert showcase.pairs(poses) == [(3, 19), (40, 48)]
    assert showcase.name(poses, 3, 19) == "angle 15 to 95, held out"
    assert showcase.name(poses, 3, 11) == "angle 15 to 55"


def test_intervals_go_round():
    poses = turntable(range(0, 360, 5), [70, 14])
    assert showcase.pairs(poses)[0] == (70, 14)  # 350 to 70 degrees.


def test_other_factors_stay_and_open_ones_are_crossed():
    altitudes, azimuths = np.meshgrid([45, 80], range(0, 360, 40))
    poles = image_set.ImageSet(
        name="pole",
        images=np.zeros([altitudes.size, 2, 2, 3], np.float32),
        factors={
            "altitude": np.float32(altitudes.ravel()),
            "azimuth": np.float32(azimuths.ravel()),
        },
        periods={"altitude": None, "azimuth": 360.0},
        train=np.arange(altitudes.size),
        held_out=np.arange(0),
    )
    names = [showcase.name(poles, *pair) for pair in showcase.pairs(poles)]
    assert names == [
        "altitude 45 to 80",
        "azimuth 0 to 80",
        "azimuth 0 to 40",
    ]


def test_set_without_such_pairs_gives_its_ends():
    assert showcase.pairs(turntable([0, 7], [])) == [(0, 1)]
