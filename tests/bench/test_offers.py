"""What a held process prepares, in this process."""

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import interpolation
from aeai_tf.bench import (
    ceiling,
    derivative,
    evaluating,
    floor,
    loading,
    step,
)
from aeai_tf.bench.settings import load_config
from tests.bench.tiny import VALUES

pytestmark = pytest.mark.usefixtures("small_networks")


@pytest.fixture(scope="module")
def ae(small_networks):
    return step.prepare("ae", VALUES)


def test_a_step_of_a_method(ae):
    offers, info = ae
    offers["step"]()
    assert info["rounds"] == 1
    assert info["operations"] > 0
    assert info["first_step_seconds"] > 0


def test_the_floor_is_below_what_aeai_does(ae):
    needed = floor.prepare(VALUES)[1]
    assert ae[1]["operations"] == needed["ae"]
    config = load_config("aeai", VALUES)
    model, batch = floor.model("aeai", VALUES)
    aeai = floor.count(model.train_step, batch)
    decoder = floor.count(model.decoder, tf.zeros([2, config.latent_dim]))
    # Two tapes go back through the decoder once more than they need to.
    assert 0 <= aeai - needed["aeai"] <= 1.01 * decoder
    assert needed["aeai"] > 2 * needed["ae"]


def test_the_derivative_in_all_modes(monkeypatch):
    monkeypatch.setattr(interpolation, "MODES", ("nested_tapes", "none"))
    offers, info = derivative.prepare(VALUES)
    assert info["names"] == [*offers]
    assert info["names"] == [
        "decoder",
        "decoder_xla",
        "nested_tapes",
        "nested_tapes_xla",
    ]
    assert [*info["failed"]] == ["none", "none_xla"]
    assert "mode must be" in info["failed"]["none"]
    for offer in offers.values():
        offer()


def test_the_ceiling_has_convolutions_of_the_network():
    offers, counts = ceiling.prepare(VALUES)
    names = ["convolution 8"]
    assert [*offers] == [*counts] == [ceiling.PRODUCT, *names]
    assert counts[ceiling.PRODUCT] == 2 * 2048**3
    one = 2 * (4 * 16 * 16) * 8 * (9 * 8)
    assert {counts[name] for name in names} == {ceiling.IN_A_ROW * one}


def test_loading_and_training_on_two_objects():
    offers, info = loading.prepare(VALUES, 144)
    offers["step"]()
    assert info["load_seconds"] > 0 and info["first_batch_seconds"] > 0


def test_evaluating_paths(monkeypatch):
    seen = []
    along = evaluating.observe.Observer.along

    def spy(self, paths, detailed=False):
        seen.append((paths.shape, detailed))
        return along(self, paths, detailed)

    monkeypatch.setattr(evaluating.observe.Observer, "along", spy)
    _, info = evaluating.prepare(VALUES, 80)
    assert seen == [
        ((8, 17), False),
        ((80, 17), False),
        ((8, 17), True),
        ((80, 17), True),
    ]
    assert np.all([info["seconds"] > 0, info["detailed_seconds"] > 0])
