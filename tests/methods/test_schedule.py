"""When AEAI's added terms, and its discriminator, come in, and they fade."""

import keras
import numpy as np
import pytest

from tests.methods import tiny


@pytest.mark.parametrize(
    "step, share", [(0, 0.0), (10, 0.0), (12, 0.5), (14, 1.0), (99, 1.0)]
)
def test_other_terms_come_in_by_and_by(step, share):
    options = {"lambda_smoothness": 0.0, "lambda_adversarial": 0.0}
    model = tiny.aeai_model(warm_up=10, ramp=4, lambda_cycle=2.0, **options)
    model.player_optimizers["autoencoder"].iterations.assign(step)
    terms, objectives = model.compute_terms(tiny.aeai_batch(), training=True)
    np.testing.assert_allclose(
        objectives["autoencoder"] - terms["reconstruction"],
        share * 2 * terms["cycle"],
        rtol=1e-5,
        atol=1e-7,
    )


@pytest.mark.parametrize("step, share", [(10, 0.0), (12, 0.5), (14, 1.0)])
def test_the_discriminator_waits_with_the_other_terms(step, share):
    moved = []
    for options in ({}, {"warm_up": 10, "ramp": 4}):
        model = tiny.aeai_model(lambda_r1=0.5, **options)
        model.player_optimizers["autoencoder"].iterations.assign(step)
        (factor,) = model.player_variables("discriminator")
        model.train_step(tiny.aeai_batch())
        moved.append(factor.numpy() - 3)
    assert moved[0]
    np.testing.assert_allclose(moved[1], share * moved[0], rtol=1e-5)


def test_a_discriminator_that_waits_has_no_schedule():
    model = tiny.aeai_model(ramp=4)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    optimizers = {p: keras.optimizers.SGD(schedule) for p in model.players}
    model.compile(optimizers)
    with pytest.raises(TypeError, match="its learning rate is not settable"):
        model.train_step(tiny.aeai_batch())


def test_the_ramp_waits_for_the_reconstruction():
    options = {"lambda_smoothness": 0.0, "lambda_adversarial": 0.0}
    # Reconstruction errors (0.08^2 + 0.12^2) / 4 of two images whose variance
    # is (0.2^2 + 0.1^2) / 2.
    unexplained = 0.0052 / 0.025
    for limit, counted in [(0.9 * unexplained, 0), (1.1 * unexplained, 1)]:
        model = tiny.aeai_model(
            warm_up=1, ramp=4, warm_up_error=limit, lambda_cycle=2.0, **options
        )
        terms, objectives = model.compute_terms(
            tiny.aeai_batch(), training=True
        )
        np.testing.assert_allclose(terms["unexplained"], unexplained, rtol=1e-5)
        assert objectives["autoencoder"] == terms["reconstruction"]
        model.player_optimizers["autoencoder"].learning_rate.assign(0.0)
        model.train_step(tiny.aeai_batch())  # The warm-up.
        assert model.counters["ramp"] == 0
        model.train_step(tiny.aeai_batch())
        assert model.counters["ramp"] == counted
        terms, objectives = model.compute_terms(
            tiny.aeai_batch(), training=True
        )
        np.testing.assert_allclose(
            objectives["autoencoder"] - terms["reconstruction"],
            counted / 4 * 2 * terms["cycle"],
            atol=1e-7,
        )
        assert f"at {counted * 25}% of their weights" in model.warning()
    model.counters["ramp"].assign(4)
    assert not model.warning()


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 2), (4, 5)])
def test_once_the_ramp_began_every_step_counts(before, after):
    model = tiny.aeai_model(ramp=4, warm_up_error=1e-6)
    model.counters["ramp"].assign(before)
    model.train_step(tiny.aeai_batch())
    assert model.counters["ramp"] == after


@pytest.mark.parametrize(
    "step, share",
    [(10, 0), (12, 1 / 2), (14, 1), (16, 1), (20, 1 / 2), (28, 1 / 4)],
)
@pytest.mark.parametrize("term", ["adversarial", "cycle", "smoothness"])
def test_all_added_terms_fade_once_they_are_there(term, step, share):
    names = ("lambda_adversarial", "lambda_cycle", "lambda_smoothness")
    weights = dict.fromkeys(names, 0.0) | {f"lambda_{term}": 2.0}
    model = tiny.aeai_model(warm_up=10, ramp=4, hold=2, fade=4, **weights)
    model.player_optimizers["autoencoder"].iterations.assign(step)
    terms, objectives = model.compute_terms(tiny.aeai_batch(), True)
    np.testing.assert_allclose(
        objectives["autoencoder"] - terms["reconstruction"],
        share * 2 * terms[term],
        rtol=1e-5,
        atol=1e-7,
    )


def test_the_discriminator_does_not_fade():
    moved = []
    for fade in (0, 6):
        model = tiny.aeai_model(lambda_r1=0.5, ramp=4, fade=fade)
        model.player_optimizers["autoencoder"].iterations.assign(20)
        (factor,) = model.player_variables("discriminator")
        model.train_step(tiny.aeai_batch())
        moved.append(factor.numpy())
    assert moved[0] == moved[1] != 3


def test_terms_fade_by_steps_that_count_and_it_is_no_warning():
    model = tiny.aeai_model(
        ramp=4,
        warm_up_error=0.5,
        fade=3,
        lambda_adversarial=0.0,
        lambda_smoothness=0.0,
    )
    model.player_optimizers["autoencoder"].iterations.assign(1000)
    for counted, share in [(2, 1 / 2), (4, 1), (7, 1 / 2), (10, 1 / 3)]:
        model.counters["ramp"].assign(counted)
        terms, objectives = model.compute_terms(tiny.aeai_batch(), True)
        np.testing.assert_allclose(
            objectives["autoencoder"] - terms["reconstruction"],
            share * model.lambda_cycle * terms["cycle"],
            rtol=1e-4,
        )
    assert not model.warning()
