"""Layers that compute what Keras' own do, faster and with exact derivatives.

Keras takes the moments of a batch from `tf.nn.moments`, which stops the
gradient of the mean within the variance. A first derivative does not feel
that, but the gradient of a derivative (AEAI's smoothness) is wrong by it. The
layers here have no such stop.

A layer with a method `pushforward` knows the derivative of its outputs along
a movement of its inputs; see `aeai_tf.interpolation`.

Variables are Keras' own, in its order: checkpoints fit either.
"""

import keras
import tensorflow as tf

from aeai_tf import replicas


class Upsampled:
    """Mixin of a 3x3 convolution: doubles height and width before it.

    Repeating pixels and a 3x3 convolution of the result are together one
    transposed convolution of stride 2. Its kernel, 4x4, is the sum of the
    3x3 one at four places, and it takes 4 products where the other takes 9.
    """

    def compute_output_shape(self, input_shape):
        """`[batch, height, width, maps]` to twice the height and width."""
        batch, height, width, _ = input_shape
        doubled = [side and 2 * side for side in (height, width)]
        return (batch, *doubled, self.filters)

    def convolution_op(self, inputs, kernel):
        """Convolves the enlarged inputs, padding "same"."""
        kernel = tf.reverse(tf.convert_to_tensor(kernel), [0, 1])
        for axis in (0, 1):
            before, after = [[0, 0]] * 4, [[0, 0]] * 4
            before[axis], after[axis] = [1, 0], [0, 1]
            kernel = tf.pad(kernel, before) + tf.pad(kernel, after)
        batch, height, width, _ = tf.unstack(tf.shape(inputs))
        return tf.nn.conv2d_transpose(
            inputs,
            tf.transpose(kernel, [0, 1, 3, 2]),
            [batch, 2 * height, 2 * width, self.filters],
            strides=2,
        )


class UpsampledConv2D(Upsampled, keras.layers.Conv2D):
    """`UpSampling2D` and a `Conv2D` of 3x3, padding "same", channels last."""


class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis.

    Over several replicas, the statistics are those of the whole batch.
    """

    def call(self, inputs, training=False):
        """See Keras."""
        if not (training and self.trainable):
            return super().call(inputs)
        return self._train(inputs)[0]

    def pushforward(self, inputs, tangents, training=False):
        """Outputs, and their derivative along `tangents`."""
        if training and self.trainable:
            return self._train(inputs, tangents)
        slope = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
        return self(inputs), tangents * tf.cast(slope, tangents.dtype)

    def _train(self, inputs, tangents=None):
        gamma, beta = map(tf.convert_to_tensor, (self.gamma, self.beta))
        rows = _apply(
            lambda x: tf.reshape(x, [-1, 1, 1, x.shape[-1]]), inputs, tangents
        )
        if replicas.count() == 1 and inputs.dtype != tf.float64:
            *results, mean, variance = _by_kernel(
                *rows, gamma, beta, self.epsilon
            )
        else:
            *results, mean, variance = _normalize(
                *rows, gamma, beta, self.epsilon, (0, 1, 2), replicas.mean
            )
        for moving, new in (
            (self.moving_mean, mean),
            (self.moving_variance, variance),
        ):
            new = tf.reshape(new, [-1])
            moving.assign(moving * self.momentum + new * (1 - self.momentum))
        return _apply(lambda x: tf.reshape(x, tf.shape(inputs)), *results)


class GroupNormalization(keras.layers.GroupNormalization):
    """`keras.layers.GroupNormalization` over the last axis."""

    def call(self, inputs):
        """See Keras."""
        return self.pushforward(inputs, None)[0]

    def pushforward(self, inputs, tangents, training=False):
        """Outputs, and their derivative along `tangents`."""
        del training
        shape = [self.groups, inputs.shape[-1] // self.groups]
        batch = tf.shape(inputs)[0]
        grouped = _apply(
            lambda x: tf.reshape(x, [batch, -1, *shape]), inputs, tangents
        )
        gamma, beta = (tf.reshape(v, shape) for v in (self.gamma, self.beta))
        *results, _, _ = _normalize(
            *grouped, gamma, beta, self.epsilon, (1, 3)
        )
        return _apply(lambda x: tf.reshape(x, tf.shape(inputs)), *results)


def _apply(function, *values):
    """The function of each value that is there."""
    return [None if value is None else function(value) for value in values]


def _normalize(x, tangents, gamma, beta, epsilon, axes, mean_over=tf.identity):
    """Normalises over `axes`, in float32 or float64.

    Args:
        x: `[...]`.
        tangents: a movement of x, of its shape, or None.
        gamma: factor; broadcasts.
        beta: offset; broadcasts.
        epsilon: added to the variance.
        axes: of which the moments are taken.
        mean_over: of these moments, where others have a share in them.

    Returns:
        The outputs; their derivative along `tangents`, or None; mean and
        variance.
    """
    dtype = x.dtype
    x, tangents = _apply(lambda v: tf.cast(v, gamma.dtype), x, tangents)

    def mean_of(values):
        return mean_over(tf.reduce_mean(values, axes, keepdims=True))

    mean = mean_of(x)
    centred = x - mean
    variance = mean_of(tf.square(centred))
    slope = tf.math.rsqrt(variance + epsilon)
    outputs = centred * (gamma * slope) + beta
    if tangents is not None:
        # That of the mean, and that of the variance by way of the slope.
        correlation = mean_of(centred * tangents) * tf.square(slope)
        tangents -= mean_of(tangents) + centred * correlation
        tangents *= gamma * slope
    outputs, tangents = _apply(lambda v: tf.cast(v, dtype), outputs, tangents)
    return outputs, tangents, mean, variance


def _by_kernel(x, tangents, gamma, beta, epsilon):
    """`_normalize` over all axes but the last one, by TensorFlow's kernels.

    They are several times as fast, but are there for float32 and shorter, and
    for one replica, only. The derivative of normalised values along a
    movement is the same function of it as the gradient is of the gradient
    that comes in; hence one kernel does for both.
    """
    outputs, mean, variance, *saved = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=gamma,
        offset=beta,
        mean=[],
        variance=[],
        epsilon=epsilon,
        is_training=True,
    )
    count = tf.cast(tf.size(x) // tf.size(gamma), gamma.dtype)
    variance *= (count - 1) / count  # The kernel divides by count - 1.
    if tangents is None:
        return outputs, None, mean, variance

    @tf.custom_gradient
    def derivative(x, tangents, gamma):
        def pull(values):
            grad, along_x, total, *_ = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=values,
                x=x,
                scale=gamma,
                reserve_space_1=saved[0],
                reserve_space_2=saved[1],
                reserve_space_3=saved[2],
                epsilon=epsilon,
                is_training=True,
            )
            return grad, along_x / count, total / count

        result, result_x, mean_tangent = pull(tangents)

        def gradients(upstream):
            # With h normalised x, s its slope, and means over the batch:
            # <upstream, result> / count = gamma s c, and d h = s (d x - mean(d
            # x) - h mean(h d x)), d s = -s^2 mean(h d x).
            grad, grad_x, mean_upstream = pull(upstream)
            u, t, g, r = (
                tf.cast(v, gamma.dtype)
                for v in (upstream, tangents, grad, result)
            )
            slope = tf.math.rsqrt(variance + epsilon)
            c = (
                tf.reduce_mean(u * t, [0, 1, 2])
                - mean_upstream * mean_tangent
                - grad_x * result_x
            )
            to_x = tf.add_n(
                [
                    r * (-slope * grad_x),
                    g * (-slope * result_x),
                    (tf.cast(x, gamma.dtype) - mean) * (-gamma * slope**3 * c),
                ]
            )
            return tf.cast(to_x, x.dtype), grad, count * slope * c

        return result, gradients

    return outputs, derivative(x, tangents, gamma), mean, variance
