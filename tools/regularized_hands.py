#!/usr/bin/env python3
"""What the regulariser does to the clock hands of docs/regularization.md.

    tools/regularized_hands.py

Trains that page's autoencoder on 36 hands, 10 degrees apart, without the
regulariser, with it, and with its cycle and smoothness terms relative, from the
same weights. Measures, between held-out hands so many degrees apart, the mean
squared error of the decoded line against the true hands at alpha = 1/4, 1/2 and
3/4; at 0 degrees, that of reconstructions.
Prints means over hands, alphas and seeds, and intervals of 95 % over both seeds
and hands (`aeai_tf.evaluation.bootstrap`), as a table in Markdown.
"""

import keras
import numpy as np
import tensorflow as tf
from absl import app, flags
from keras import layers

from aeai_tf.evaluation import bootstrap
from aeai_tf.regularization import InterpolationRegularizer

_SEEDS = flags.DEFINE_integer("seeds", 8, "how many trainings of each kind")
_STEPS = flags.DEFINE_integer("steps", 1000, "of each training")

KINDS = {
    "without": {
        "lambda_adversarial": 0.0,
        "lambda_cycle": 0.0,
        "lambda_smoothness": 0.0,
    },
    "with": {},
    "relative": {
        "lambda_smoothness": 0.1,
        "relative_cycle": True,
        "relative_smoothness": True,
        "num_alphas": 2,
    },
}
DEGREES = (0, 20, 40, 80)
ALPHAS = np.array([0.25, 0.5, 0.75], np.float32)


def main(_):
    """Trains, measures, prints."""
    found = {
        kind: np.stack(
            [
                errors(train(seed, _STEPS.value, options))
                for seed in range(_SEEDS.value)
            ]
        )
        for kind, options in KINDS.items()
    }
    for kind in [*KINDS][1:]:
        found[f"{kind} - without"] = found[kind] - found["without"]
    print("| degrees apart | pixel blend |", " | ".join(found), "|")
    print("|---|---|" + "---|" * len(found))
    blended = errors(blend)
    for k, degrees in enumerate(DEGREES):
        cells = [f"{1e3 * blended[k].mean():.1f}"]
        cells += [interval(values[:, k]) for values in found.values()]
        print(f"| {degrees} | {' | '.join(cells)} |")


def hands(degrees, side=16):
    """Hands of a clock, `[n, 16, 16, 1]`, turned by so many degrees."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    angles = np.radians(degrees)[:, None, None]
    along = x * np.cos(angles) + y * np.sin(angles)
    across = y * np.cos(angles) - x * np.sin(angles)
    length = np.clip(along + 0.5, 0, 1) * np.clip(7.5 - along, 0, 1)
    hand = length * np.clip(2.5 - abs(across), 0, 1)
    return hand[..., None].astype(np.float32)


def networks():
    """The page's encoder and decoder."""
    encoder = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(8),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(4 * 4 * 32, activation="relu"),
            layers.Reshape((4, 4, 32)),
            layers.Conv2DTranspose(16, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(
                1, 3, 2, padding="same", activation="sigmoid"
            ),
        ]
    )
    return encoder, decoder


def train(seed, steps, options):
    """Returns the `interpolate` of a model after so many steps."""
    keras.utils.set_random_seed(seed)
    model = InterpolationRegularizer(*networks(), seed=seed, **options)
    model.compile(keras.optimizers.Adam(2e-3), loss="mse")
    data = tf.data.Dataset.from_tensor_slices(hands(np.arange(0, 360, 10)))
    data = data.cache().shuffle(36, seed=seed).batch(36).repeat()
    model.fit(data, steps_per_epoch=steps, verbose=0)
    return model.interpolate


def blend(source, target, alpha):
    """The pixel blend."""
    alpha = alpha[None, :, None, None, None]
    return (1 - alpha) * source[:, None] + alpha * target[:, None]


def errors(interpolate):
    """Mean squared errors `[degrees, starts]`, between held-out hands."""
    starts = np.arange(5, 365, 10)
    found = []
    for degrees in DEGREES:
        line = interpolate(hands(starts), hands(starts + degrees), ALPHAS)
        truth = np.stack([hands(starts + a * degrees) for a in ALPHAS], 1)
        found.append(np.mean((line - truth) ** 2, axis=(1, 2, 3, 4)))
    return np.stack(found)


def interval(values):
    """Thousandths, of `[seeds, starts]`: mean and interval."""
    run, start = np.indices(values.shape).reshape(2, -1)
    found = bootstrap.of_mean(1e3 * values.ravel(), run, start)
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


if __name__ == "__main__":
    app.run(main)
