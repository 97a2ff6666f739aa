"""Straight lines and grids in latent space; how fast decoded images move."""

from collections.abc import Callable

import keras
import tensorflow as tf

from aeai_tf import layers

# Of `value_and_derivative`.
MODES = ("forward", "nested_tapes")


def lerp(source: tf.Tensor, target: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """Points on the straight lines from `source` to `target`.

    `z_a = (1 - a) z_i + a z_j` (AEAI paper, section 2.1).

    Args:
        source: `[batch, ...]`, latents or images.
        target: the same shape.
        alpha: `[batch, steps]`; outside [0, 1] it extrapolates.

    Returns:
        `[batch, steps, ...]`.
    """
    source, target = map(tf.convert_to_tensor, (source, target))
    rank = source.shape.rank - 1
    alpha = tf.reshape(alpha, tf.concat([tf.shape(alpha), [1] * rank], 0))
    source, target = source[:, tf.newaxis], target[:, tf.newaxis]
    return (1.0 - alpha) * source + alpha * target


def join(points: tf.Tensor) -> tf.Tensor:
    """`[batch, steps, ...]` to `[batch * steps, ...]`."""
    shape = tf.concat([[-1], tf.shape(points)[2:]], 0)
    return tf.ensure_shape(tf.reshape(points, shape), [None, *points.shape[2:]])


def bilinear(corners: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Points of the bilinear patch between four corners.

    `z = (1 - b) ((1 - a) z_00 + a z_01) + b ((1 - a) z_10 + a z_11)`, the grids
    of the AEAI paper's figures 9 to 13 (appendix A).

    Args:
        corners: `[4, dim]`, latents in reading order: top left, top right,
            bottom left, bottom right; or the same as `[2, 2, dim]`.
        a: `[...]`; 0 is the left edge, 1 the right one.
        b: of the same shape; 0 is the upper edge, 1 the lower one.

    Returns:
        `[..., dim]`.
    """
    corners = tf.convert_to_tensor(corners)
    corners = tf.reshape(corners, [2, 2, corners.shape[-1]])
    a, b = (tf.convert_to_tensor(x, corners.dtype) for x in (a, b))
    across = tf.stack([1.0 - a, a], -1)
    down = tf.stack([1.0 - b, b], -1)
    return tf.einsum("...r,...c,rcd->...d", down, across, corners)


def value_and_derivative(
    function: Callable[[tf.Tensor], tf.Tensor],
    point: tf.Tensor,
    direction: tf.Tensor,
    mode: str,
    **options,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Evaluates a function and its exact derivative along a direction.

    With `function` the decoder g, `point` z_a and `direction` z_j - z_i the
    derivative is that of every pixel with respect to the alpha of its own
    pair, `d x_a / d a = J_g(z_a) (z_j - z_i)`: a Jacobian-vector product.
    Reverse mode over a shared alpha would sum over pixels and pairs, which is
    another quantity. Where a function couples the rows of its batch (batch
    normalisation while training), the derivative is that along the joint
    movement of all rows.

    Args:
        function: differentiable, such as a `keras.Model`; called once.
        point: `[batch, dim]`.
        direction: the same shape.
        mode: "forward" (value and derivative together through layer after
            layer; what has no layers, or a layer that has no rule here, by
            `tf.autodiff.ForwardAccumulator`) or "nested_tapes" (two
            `tf.GradientTape`s: the vector-Jacobian product is linear in its
            cotangent, and its derivative with respect to that cotangent is
            the Jacobian-vector product). Both are exact; they differ in
            speed.
        **options: for `function`, such as `training=True`.

    Returns:
        `function(point)` and the derivative, of the same shape. Gradients
        flow through both.
    """
    if mode == "forward":
        return _pushforward(function, point, direction, options)
    if mode == "nested_tapes":
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(point)
                value = function(point, **options)
            cotangent = tf.zeros_like(value)
            outer.watch(cotangent)
            pulled_back = inner.gradient(value, point, cotangent)
        return value, outer.gradient(pulled_back, cotangent, direction)
    raise ValueError(f"mode must be 'forward' or 'nested_tapes', not {mode!r}")


def _pushforward(function, point, direction, options):
    """Forward mode."""
    chain = _chain(function)
    if chain:
        for layer in chain:
            point, direction = _pushforward(layer, point, direction, options)
        return point, direction
    if hasattr(function, "pushforward"):
        return function.pushforward(point, direction, **options)
    if _is_affine(function):
        value = function(point, **options)
        kernel = tf.cast(function.kernel, value.dtype)
        linear = getattr(function, "convolution_op", tf.matmul)
        return value, linear(tf.cast(direction, value.dtype), kernel)
    if _resizes(function):
        return function(point), function(direction)
    with tf.autodiff.ForwardAccumulator(point, direction) as accumulator:
        value = function(point, **options)
    derivative = accumulator.jvp(value)
    if derivative is None:
        raise ValueError(
            "forward mode lost the derivative inside this function; "
            "use mode='nested_tapes'"
        )
    return value, derivative


def _chain(function) -> list[keras.Layer]:
    """The layers of a model that calls one after the other; else nothing."""
    if not isinstance(function, keras.Model) or not function.layers:
        return []
    # A subclass may do more than to call its layers.
    if not type(function).call.__module__.startswith("keras."):
        return []
    if isinstance(function, keras.Sequential):
        return function.layers
    first, *chain = function.layers
    if not isinstance(first, keras.layers.InputLayer):
        return []
    output = first.output
    for layer in chain:
        if layer.input is not output:
            return []
        output = layer.output
    return chain if output is function.output else []


def _is_affine(function) -> bool:
    """Of the kernel and the bias alone: subclasses may do more."""
    kinds = keras.layers.Dense, keras.layers.Conv2D, layers.UpsampledConv2D
    return (
        type(function) in kinds
        and function.activation is keras.activations.linear
    )


def _resizes(function) -> bool:
    """Linearly. TensorFlow has no second gradient of most of that."""
    if type(function) is keras.layers.Resizing:
        return not function.pad_to_aspect_ratio
    return type(function) is keras.layers.UpSampling2D


def resolve_mode(mode: str) -> str:
    """Turns "auto" into the mode that suits the machine.

    On CPU forward mode is the faster one; on GPU it is nested tapes.

    Args:
        mode: "auto", "forward" or "nested_tapes".
    """
    if mode != "auto":
        return mode
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return "nested_tapes" if on_gpu else "forward"
