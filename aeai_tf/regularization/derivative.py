"""How to take the derivative of a decoder that is not ours."""

from collections.abc import Callable

import tensorflow as tf

from aeai_tf import interpolation
from aeai_tf.errors import UserError
from aeai_tf.regularization.network import floats

# Lines that are tried.
LINES = 8
# Of the change along them: float32 and float16 differ by far less, a lost
# branch by more.
TOLERANCE = 0.05


def choose(decode: Callable, latent_shape, under_xla: bool = False) -> str:
    """The mode of `interpolation.value_and_derivative` that suits a decoder.

    Either mode may lose the derivative inside some operations, all of it or a
    part of it without a word: forward mode in loops, for example, and both in
    TensorFlow's bilinear resizing, whose gradient has no gradient. Hence a
    mode is taken only if its `J d` agrees with the gradient, `J^T v`, of which
    all training makes use: `v . (J d) = (J^T v) . d` for drawn latents,
    directions d and cotangents v.

    Args:
        decode: from latents `[batch, ...]`, in inference mode.
        latent_shape: of one latent. With unknown sides nothing is tried.
        under_xla: whether training is compiled by XLA, which would compile
            much of forward mode anew at every step.

    Raises:
        UserError: neither mode can differentiate the decoder.
    """
    if None in latent_shape:
        return "nested_tapes"
    line = tf.unstack(
        floats(tf.random.stateless_normal([2, LINES, *latent_shape], [0, 0]))
    )
    expected, cotangent = _graph(_by_gradient, decode, *line)
    first = "nested_tapes" if under_xla else interpolation.resolve_mode("auto")
    for mode in sorted(interpolation.MODES, key=lambda mode: mode != first):
        try:
            found = _graph(_by_mode, decode, *line, cotangent, mode)
        except Exception:  # Whatever it is, this mode will not do.
            continue
        if tf.norm(found - expected) <= TOLERANCE * tf.norm(expected):
            return mode
    raise UserError(
        "an operation in the decoder, such as bilinear resizing outside a "
        "plain chain of layers, has no second gradient in TensorFlow: replace "
        "it, or set lambda_smoothness=0"
    )


def _graph(function, *arguments):
    """Calls it in a graph: that is where training takes place."""
    return tf.function(lambda: function(*arguments), autograph=False)()


def _by_gradient(decode, point, direction):
    """Returns `(J^T v) . d`, `[batch]`, and the v that it draws."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(point)
        value = decode(point)
    cotangent = floats(tf.random.stateless_normal(tf.shape(value), [1, 0]))
    gradient = tape.gradient(value, point, cotangent)
    if gradient is None:
        raise UserError(
            "the decoder has no gradient with respect to its latents"
        )
    return _by_row(gradient * direction), cotangent


def _by_mode(decode, point, direction, cotangent, mode):
    """Returns `v . (J d)`, `[batch]`."""
    _, derivative = interpolation.value_and_derivative(
        decode, point, direction, mode
    )
    return _by_row(cotangent * derivative)


def _by_row(values):
    return tf.reduce_sum(tf.reshape(values, [LINES, -1]), 1)
