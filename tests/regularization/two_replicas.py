"""A step on one device, and on two that see the same data each; a program.

python -m tests.regularization.two_replicas
"""

import json

import keras
import numpy as np
import tensorflow as tf

from tests.regularization.foreign import compiled, critic, dense


def fit(strategy) -> dict[str, np.ndarray]:
    """History and weights after one step, the same pairs on each device."""
    keras.utils.set_random_seed(0)
    vectors = np.random.default_rng(0).random([4, 6], np.float32)
    copies = strategy.num_replicas_in_sync
    with strategy.scope():
        encoder, decoder = dense()
        encoder.add(keras.layers.ActivityRegularization(l2=0.3))
        model = compiled(
            (encoder, decoder, critic(6)),
            keras.optimizers.SGD(0.1),
            {"metrics": ["mae"], "run_eagerly": False},
        )
    history = model.fit(
        np.tile(vectors, [copies, 1]),
        batch_size=4 * copies,
        shuffle=False,
        verbose=0,
    )
    found = {f"metric {k}": np.array(v) for k, v in history.history.items()}
    return found | {f"weight {k}": w for k, w in enumerate(model.get_weights())}


def main():
    """Prints the largest difference, and how many values were compared."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    one = fit(tf.distribute.get_strategy())
    two = fit(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    assert one.keys() == two.keys()
    off = max(float(np.abs(one[k] - two[k]).max()) for k in one)
    print(json.dumps({"off": off, "compared": len(one)}))


if __name__ == "__main__":
    main()
