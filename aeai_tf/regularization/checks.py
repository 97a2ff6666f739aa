"""Networks and data that do not fit each other, in one sentence."""

import contextlib
import re
from collections.abc import Iterator

import keras
import tensorflow as tf

from aeai_tf.errors import UserError

NOT_FINITE = "the data hold values that are not finite (NaN or infinite)"


class MisfitError(UserError, ValueError):
    """Networks or data that do not fit; Keras hands on a ValueError as is."""


def arguments(encoder, decoder, discriminator, options: dict):
    """Refuses networks and options that cannot be.

    Raises:
        UserError: one of them.
    """
    networks = {"encoder": encoder, "decoder": decoder}
    if discriminator is not None:
        networks["discriminator"] = discriminator
        if not options["lambda_adversarial"]:
            raise UserError(
                "a discriminator is of no use if lambda_adversarial is 0: "
                "leave out one of them"
            )
    for role, network in networks.items():
        if not isinstance(network, keras.Layer):
            raise UserError(
                f"the {role} must be a Keras model or layer, not "
                f"{type(network).__name__}"
            )
    for name, value in options.items():
        if name.startswith("lambda_") and value < 0:
            raise UserError(f"{name}={value} must not be negative")
    if options["num_alphas"] < 1:
        raise UserError(
            f"num_alphas={options['num_alphas']} must be at least 1"
        )


def data_spec(shape) -> keras.KerasTensor:
    """Stands for a batch of data `[batch, ...]` of this shape.

    Raises:
        MisfitError: there are several inputs.
    """
    if isinstance(shape, dict) or any(
        isinstance(side, (tuple, list, dict)) for side in shape
    ):
        raise MisfitError(
            "the encoder must take one tensor, not several: make it a model of "
            "one input"
        )
    return keras.KerasTensor((None, *tuple(shape)[1:]))


def output_spec(role: str, network, inputs: keras.KerasTensor):
    """What a network makes of its inputs; builds it if it is not built.

    Args:
        role: of the network, for messages.
        network: a Keras model or layer.
        inputs: stands for them.

    Raises:
        MisfitError: it cannot take them, or returns other than one tensor.
    """
    try:
        outputs = network(inputs)
    except Exception as error:
        raise MisfitError(
            f"the {role} cannot take a batch of shape {shape(inputs)}: "
            f"{reason(error)}"
        ) from error
    if not isinstance(outputs, keras.KerasTensor):
        raise MisfitError(
            f"the {role} must return one tensor, not "
            f"{len(keras.tree.flatten(outputs))} in a "
            f"{type(outputs).__name__}: wrap it in a model that returns the "
            "one to be used"
        )
    return outputs


def reason(error: Exception) -> str:
    """The first line that says something in an error's message."""
    text = re.sub(r"\x1b\[\d+m", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if "Exception encountered" not in line]
    return lines[0] if lines else type(error).__name__


def shape(tensor) -> str:
    """The shape of a tensor or of what stands for one, to be read."""
    return str(tuple(tensor.shape))


def agree(one, other) -> bool:
    """Whether items of two batches may be of one shape."""
    one, other = (tf.TensorShape(x.shape[1:]) for x in (one, other))
    return one.is_compatible_with(other)


def finite(tensor) -> tf.Tensor:
    """The tensor, with an error when it holds NaN or infinity."""
    tensor = tf.convert_to_tensor(tensor)
    if not tensor.dtype.is_floating:
        return tensor
    return tf.debugging.assert_all_finite(tensor, NOT_FINITE)


@contextlib.contextmanager
def one_sentence() -> Iterator[None]:
    """Turns the error of `finite` in a graph into a UserError."""
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        if NOT_FINITE not in str(error):
            raise
        raise UserError(NOT_FINITE) from None
