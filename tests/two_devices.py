"""One training step on one device and on two; a program, see `compare`.

python -m tests.two_devices
"""

import json
import os
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf

from aeai_tf import checkpoints, methods, networks, runs, strategies
from aeai_tf import config as configuration
from aeai_tf.data import pipeline

PAIRS = 6
CASES = {name: (name, {}) for name in methods.REGISTRY if name != "pixel_blend"}
CASES["aeai, nested tapes"] = ("aeai", {"derivative": "nested_tapes"})
CASES["aeai, group"] = (
    "aeai",
    {"normalization": "group", "warm_up_error": 9.0, "ramp": 3},
)
CASES["ae, averaged"] = ("ae", {"weight_averaging": 0.9})
SMALL = {
    "image_size": 16,
    "latent_dim": 3,
    "num_blocks": 1,
    "convs_per_block": 1,
    "normalization": "batch",  # Whose statistics are of both devices.
    "discriminator_steps": 2,
}


def compare(case: str, strategy) -> dict[str, float]:
    """Compares what one step leaves behind in everything that it changes.

    Optimisers are gradient descent with momentum, whose momentum after one
    step is the gradient, times the rate.

    Args:
        case: a key of `CASES`.
        strategy: of the two devices. One for all cases: the collective
            operations of two would be taken for one another.

    Returns:
        By the name of a weight, an optimiser's variable or a term: the largest
        difference, divided by the largest value, or by 1e-6 if that is less:
        the gradient of a bias before batch normalisation is 0 but for rounding.
    """
    one = step(case, tf.distribute.get_strategy())
    two = step(case, strategy)
    assert one.keys() == two.keys()
    return {
        name: float(
            np.abs(two[name] - value).max() / max(1e-6, np.abs(value).max())
        )
        for name, value in one.items()
    }


def step(case: str, strategy) -> dict[str, np.ndarray]:
    """Takes a step; returns the state after it, and the terms."""
    method, settings = CASES[case]
    config = configuration.load_file(f"configs/{method}.py")
    settings = SMALL | settings
    config.update({k: v for k, v in settings.items() if k in config})
    images = np.random.default_rng(0).random([9, 16, 16, 3], np.float32)
    with strategy.scope():
        model = runs.build_model(config)
        model.prepare(images)
        model.compile(
            {p: keras.optimizers.SGD(0.01, 0.9) for p in model.players},
            config.weight_averaging,
        )
    data = pipeline.pairs(
        images, 0, PAIRS, 1, 0, model.sample, model.rounds
    ).map(in_doubles)
    fitted = model.fit(data, shuffle=False, verbose=0)
    state = {name: np.array(v) for name, v in fitted.history.items()}
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "checkpoints"))
        state |= np.load(checkpoints.save(model, folder, 1))
    if case != "ae":  # Held-out pairs take the same way in all methods.
        return state
    held_out = pipeline.fixed_pairs(images, 0, PAIRS, 2, model.sample)
    held_out = held_out.map(in_doubles)
    terms = model.evaluate(held_out, verbose=0, return_dict=True)
    return state | {f"held_out {name}": v for name, v in terms.items()}


def in_doubles(batch):
    """In which float32's rounding does not hide what is wrong."""
    return {name: tf.cast(value, tf.float64) for name, value in batch.items()}


def main():
    """Prints the differences of all cases as JSON."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    keras.config.set_floatx("float64")
    # Compiling takes most of the time: one block, and little optimised.
    networks.BLOCK_FILTERS, networks.DENSE_UNITS = (8,), 8
    tf.config.optimizer.set_experimental_options(
        {"disable_meta_optimizer": True}
    )
    strategy = strategies.start("mirrored").strategy
    found = {case: compare(case, strategy) for case in sys.argv[1:]}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
