"""Perceptual distance: images compared by the features of a frozen network.

Johnson, Alahi, Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and
Super-Resolution", ECCV 2016, equation 2: squared difference of the features
of VGG16 after relu2_2 (`block2_conv2`), here as a mean.
"""

import keras
import tensorflow as tf

from aeai_tf.errors import UserError

FEATURE_LAYER = "block2_conv2"


class PerceptualDistance:
    """Callable distance between image batches in [0, 1].

    Attributes:
        features: frozen model from images, [0, 255] in the channel order and
            with the means of VGG's own pre-processing, to feature maps.
    """

    def __init__(self, image_size: int, weights: str = ""):
        """Loads VGG16 without its classifier.

        Args:
            image_size: height and width of the images; at least 32.
            weights: path of a Keras weights file for VGG16 without top; empty
                for Keras' own download.

        Raises:
            UserError: the weights can neither be read nor downloaded.
        """
        try:
            vgg = keras.applications.VGG16(
                include_top=False,
                weights=weights or "imagenet",
                input_shape=(image_size, image_size, 3),
            )
        except Exception as error:
            raise UserError(
                f"the weights of VGG16 for reconstruction='perceptual' could "
                f"not be {'read from ' + weights if weights else 'downloaded'}"
                f" ({_first_line(error)}); download vgg16_weights_tf_dim_"
                f"ordering_tf_kernels_notop.h5 from https://storage.googleapis"
                f".com/tensorflow/keras-applications/vgg16/ on a connected "
                f"machine and pass its path as --config.perceptual_weights"
            ) from error
        self.features = keras.Model(
            vgg.input, vgg.get_layer(FEATURE_LAYER).output
        )
        self.features.trainable = False

    def __call__(self, true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
        """Mean squared difference of features; a scalar.

        Args:
            true: `[batch, height, width, 3]`, [0, 1].
            predicted: the same shape and range.
        """
        difference = self._features(true) - self._features(predicted)
        return tf.reduce_mean(tf.square(difference))

    def _features(self, images: tf.Tensor) -> tf.Tensor:
        images = keras.applications.vgg16.preprocess_input(images * 255.0)
        return self.features(images, training=False)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]
