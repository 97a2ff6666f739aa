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


@keras.saving.register_keras_serializable("aeai_tf")
class UpsampledConv2D(Upsampled, keras.layers.Conv2D):
    """`UpSampling2D` and a `Conv2D` of 3x3, padding "same", channels last."""


@keras.saving.register_keras_serializable("aeai_tf")
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
        self._follow(self.moving_mean, mean)
        self._follow(self.moving_variance, variance)
        return _apply(lambda x: tf.reshape(x, tf.shape(inputs)), *results)

    def _follow(self, moving, new):
        new = tf.reshape(new, [-1]) * (1 - self.momentum)
        moving.assign(moving * self.momentum + new)


@keras.saving.register_keras_serializable("aeai_tf")
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
        *results, _, _ = _normalize(*grouped, gamma, beta, self.epsilon, (1, 3))
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
    for one replica, only.
    """
    count = tf.cast(tf.size(x) // tf.size(gamma), gamma.dtype)

    def normalize(x, gamma, beta):
        outputs, mean, variance, *saved = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=gamma,
            offset=beta,
            mean=[],
            variance=[],
            epsilon=epsilon,
            is_training=True,
        )
        # The kernel divides by count - 1.
        return outputs, mean, variance * (count - 1) / count, saved

    if tangents is None:
        outputs, mean, variance, _ = normalize(x, gamma, beta)
        return outputs, None, mean, variance

    @tf.custom_gradient
    def pushforward(x, tangents, gamma, beta):
        # With h normalised x and s its slope, d h = s (d x - mean(d x)
        # - h mean(h d x)). That map is its own transpose, so the kernel of
        # the gradient gives the derivative, too.
        outputs, mean, variance, saved = normalize(x, gamma, beta)
        slope = tf.math.rsqrt(variance + epsilon)

        def pull(values):
            gradient, along_h, total, *_ = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=values,
                x=x,
                scale=gamma,
                reserve_space_1=saved[0],
                reserve_space_2=saved[1],
                reserve_space_3=saved[2],
                epsilon=epsilon,
                is_training=True,
            )
            return gradient, along_h / count, total / count

        derivative, h_t, mean_t = pull(tangents)

        def gradients(to_outputs, to_derivative, *_):
            to_x, h_v, mean_v = pull(to_outputs)
            to_tangents, h_w, mean_w = pull(to_derivative)
            # mean(to_derivative * derivative) = gamma s c; its gradient into x
            # goes by way of h and, d s = -s^2 mean(h d x), of s.
            product = tf.cast(to_derivative * tangents, gamma.dtype)
            c = tf.reduce_mean(product, [0, 1, 2]) - mean_w * mean_t - h_w * h_t
            by_slope, *_ = tf.raw_ops.FusedBatchNormV3(
                x=x,
                scale=-gamma * tf.square(slope) * c,
                offset=tf.zeros_like(beta),
                mean=mean,
                variance=variance,
                epsilon=epsilon,
                is_training=False,
            )
            to_x = tf.add_n(
                [
                    to_x,
                    derivative * tf.cast(-slope * h_w, x.dtype),
                    to_tangents * tf.cast(-slope * h_t, x.dtype),
                    by_slope,
                ]
            )
            to_gamma = count * (h_v + slope * c)
            return to_x, to_tangents, to_gamma, count * mean_v

        return (outputs, derivative, mean, variance), gradients

    return pushforward(x, tangents, gamma, beta)
