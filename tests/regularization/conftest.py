import keras
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(0).random([8, 6], np.float32)
