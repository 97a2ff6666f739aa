"""Networks and data that do not fit each other, in one sentence."""

import numbers
import re

import keras
import numpy as np
import tensorflow as tf

from aeai_tf import interpolation
from aeai_tf.errors import UserError

SEVERAL = (
    "the encoder must take one tensor, not several: make it a model of one "
    "input"
)


class MisfitError(UserError, ValueError):
    """Networks or data that do not fit; Keras hands on a ValueError as is."""


def arguments(settings: dict, derivative: str):
    """Refuses settings that cannot be.

    Raises:
        UserError: one of them.
    """
    for name, value in settings.items():
        if not (isinstance(value, numbers.Real) and value >= 0):
            raise UserError(f"{name}={value!r} must be a number, 0 or more")
    if settings["num_alphas"] < 1:
        raise UserError(
            f"num_alphas={settings['num_alphas']} must be at least 1"
        )
    if settings["relative_smoothness"] and settings["num_alphas"] < 2:
        raise UserError(
            "relative_smoothness compares the speeds at several points of a "
            f"line: num_alphas={settings['num_alphas']} must be at least 2"
        )
    modes = ("auto", *interpolation.MODES)
    if derivative not in modes:
        raise UserError(
            f"derivative={derivative!r} is none of {', '.join(modes)}"
        )


def networks(encoder, decoder, discriminator, lambda_adversarial: float):
    """Refuses what is no network, and a discriminator without a weight.

    Raises:
        UserError: there is one.
    """
    roles = {"encoder": encoder, "decoder": decoder}
    if discriminator is not None:
        roles["discriminator"] = discriminator
        if not lambda_adversarial:
            raise UserError(
                "a discriminator is of no use if lambda_adversarial is 0: "
                "leave out one of them"
            )
    for role, network in roles.items():
        if not isinstance(network, keras.Layer):
            raise UserError(
                f"the {role} must be a Keras model or layer, not "
                f"{type(network).__name__}"
            )


def no_reconstruction(options: dict):
    """Refuses the one option of AEAI that has another place here.

    Raises:
        UserError: it is there.
    """
    if "reconstruction" in options:
        raise UserError(
            "reconstruction is no option here: give the loss between data and "
            "reconstruction to compile(loss=...)"
        )


def one_tensor(x) -> tf.Tensor:
    """Data, as long as they are no structure of several tensors.

    Raises:
        MisfitError: they are.
    """
    if isinstance(x, tuple | list | dict):
        raise MisfitError(SEVERAL)
    return x


def data_fit(shape, expected):
    """Refuses data that are not of the shape for which networks were built.

    Raises:
        MisfitError: they are not.
    """
    if not tf.TensorShape(expected).is_compatible_with(shape):
        raise MisfitError(
            f"the encoder takes batches of shape {tuple(expected)}, not "
            f"{tuple(shape)}"
        )


def data_spec(shape) -> keras.KerasTensor:
    """Stands for a batch of data `[batch, ...]` of this shape.

    Raises:
        MisfitError: there are several inputs.
    """
    if isinstance(shape, dict) or any(
        isinstance(side, (tuple, list, dict)) for side in shape
    ):
        raise MisfitError(SEVERAL)
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


def same_shape(source, target):
    """Refuses the ends of lines that do not go together.

    Raises:
        MisfitError: they differ in shape.
    """
    if not source.shape.is_compatible_with(target.shape):
        raise MisfitError(
            f"source and target must have one shape, not {shape(source)} and "
            f"{shape(target)}"
        )


def finite(*data):
    """Refuses arrays with NaN or infinity; datasets are not looked at.

    Raises:
        UserError: there is such a value.
    """
    for array in data:
        if not isinstance(array, np.ndarray | tf.Tensor):
            continue
        values = np.asarray(array)
        ends = [values.min(), values.max()] if values.size else []
        if not np.isfinite(ends).all():
            raise UserError(
                "the data hold values that are not finite (NaN or infinite)"
            )
