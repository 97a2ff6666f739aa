"""How to take the derivative of a decoder that is not ours."""

from collections.abc import Callable

import tensorflow as tf

from aeai_tf import interpolation
from aeai_tf.errors import UserError
from aeai_tf.regularization import checks

# Of the largest change: float32 differs by far less, a lost branch by more.
TOLERANCE = 1e-2


def choose(decode: Callable, latent_shape) -> str:
    """The mode of `interpolation.value_and_derivative` that suits a decoder.

    Forward mode may lose the derivative inside some operations, all of it or
    a part of it without a word. Hence it is taken only if it agrees with
    nested tapes on a line between two drawn latents.

    Args:
        decode: from latents `[batch, ...]`, in inference mode.
        latent_shape: of one latent. With unknown sides nothing is tried.

    Raises:
        UserError: nested tapes cannot differentiate the decoder.
    """
    mode = interpolation.resolve_mode("auto")
    if mode == "nested_tapes" or None in latent_shape:
        return "nested_tapes"
    line = tf.unstack(tf.random.stateless_normal([2, 2, *latent_shape], [0, 0]))

    @tf.function(autograph=False)
    def derivative(point, direction, mode):
        _, result = interpolation.value_and_derivative(
            decode, point, direction, mode
        )
        if result is None:
            raise ValueError("it has no gradient")
        return result

    def along_line(mode):
        return derivative.get_concrete_function(*line, mode)(*line)

    try:
        expected = along_line("nested_tapes")
    except Exception as error:
        raise UserError(
            "the decoder's output cannot be differentiated along a line of "
            f"latents ({checks.reason(error)}): set lambda_smoothness=0"
        ) from error
    try:
        error = tf.reduce_max(tf.abs(along_line(mode) - expected))
    except Exception:  # Whatever it is, nested tapes have done it.
        return "nested_tapes"
    scale = tf.reduce_max(tf.abs(expected))
    return mode if error <= TOLERANCE * scale else "nested_tapes"
