"""Layers with spectral normalisation (Miyato et al. 2018).

"Spectral Normalization for Generative Adversarial Networks", ICLR 2018. The
layer uses its kernel divided by the largest singular value of it,

    W / sigma(W),   sigma(W) = v^T W u,

where W is the kernel as a matrix `[inputs, outputs]`, and the singular
vectors u and v are estimated by power iteration: u is kept from one training
call to the next, each of which takes one step, v = W u / |W u| and
u = W^T v / |W^T v|. Gradients flow through W and sigma, not through u and v.
The kernel itself is moved by its optimiser alone: `keras.layers.
SpectralNormalization` instead overwrites it at every training call, whoever's
loss the call is for, and has no gradient through sigma.

The estimate is never above the largest singular value, and below it until u
has settled, so the norm of a new layer begins above 1.
"""

import keras
import tensorflow as tf

from aeai_tf import layers


class _Spectral:
    """Mixin of a Keras layer with a `_kernel`, channels last."""

    def build(self, input_shape):
        """Makes the layer's weights and u, `[outputs]`."""
        super().build(input_shape)
        self.u = self.add_weight(
            name="u",
            shape=(self._kernel.shape[-1],),
            initializer="random_normal",
            trainable=False,
            # It follows from the kernel, so it is the same in all replicas.
            aggregation="only_first_replica",
        )

    # Keras' convolutions and dense layers would save kernel and bias alone.
    save_own_variables = keras.layers.Layer.save_own_variables
    load_own_variables = keras.layers.Layer.load_own_variables

    def normalized_kernel(self, training: bool = False) -> tf.Tensor:
        """The kernel divided by its largest singular value.

        Args:
            training: whether u takes a step and is kept.
        """
        kernel = tf.convert_to_tensor(self._kernel)
        matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
        u = tf.convert_to_tensor(self.u)
        v = tf.math.l2_normalize(tf.linalg.matvec(matrix, u))
        if training:
            u = tf.math.l2_normalize(
                tf.linalg.matvec(matrix, v, transpose_a=True)
            )
            self.u.assign(u)
        else:
            u = tf.math.l2_normalize(u)
        u, v = tf.stop_gradient(u), tf.stop_gradient(v)
        sigma = tf.tensordot(v, tf.linalg.matvec(matrix, u), 1)
        return kernel / sigma

    def call(self, inputs, training=False):
        """Applies the layer with its normalised kernel."""
        outputs = self._linear(inputs, self.normalized_kernel(training))
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(outputs)


@keras.saving.register_keras_serializable("aeai_tf")
class SpectralConv2D(_Spectral, keras.layers.Conv2D):
    """`keras.layers.Conv2D`, channels last, with spectral normalisation.

    The kernel is normalised as the matrix `[height * width * inputs,
    outputs]`, as the paper does; the norm of the convolution itself, which
    overlaps its patches, is up to `sqrt(height * width)` times that.
    """

    def _linear(self, inputs, kernel):
        return self.convolution_op(inputs, kernel)


@keras.saving.register_keras_serializable("aeai_tf")
class UpsampledSpectralConv2D(layers.Upsampled, SpectralConv2D):
    """`SpectralConv2D` of 3x3 after a doubling of height and width."""


@keras.saving.register_keras_serializable("aeai_tf")
class SpectralDense(_Spectral, keras.layers.Dense):
    """`keras.layers.Dense` with spectral normalisation."""

    def _linear(self, inputs, kernel):
        return tf.matmul(inputs, kernel)
