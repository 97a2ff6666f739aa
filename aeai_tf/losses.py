"""Loss terms that two or more methods use. All are means over everything."""

import tensorflow as tf

# Added within logarithms. Clipping would leave a saturated pixel no gradient.
LEAST_PROBABILITY = 1e-7


def squared_error(true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of two tensors of one shape; a scalar."""
    return tf.reduce_mean(tf.math.squared_difference(true, predicted))


def absolute_error(true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of two tensors of one shape; a scalar."""
    return tf.reduce_mean(tf.abs(true - predicted))


def bernoulli(true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """`mean -[x log p + (1 - x) log(1 - p)]`, in nats; a scalar.

    The negative log-likelihood of pixels taken as probabilities. Its least
    value, at p = x, is the mean entropy of the pixels, and 0 only if all of
    them are black or white.

    Args:
        true: x, in [0, 1].
        predicted: p, of the same shape, in [0, 1]. 0 and 1 will do: a sigmoid
            may round to them, and then costs about 16 a wrong pixel.
    """
    return -tf.reduce_mean(
        true * tf.math.log(predicted + LEAST_PROBABILITY)
        + (1 - true) * tf.math.log(1 - predicted + LEAST_PROBABILITY)
    )


def real_logits(logits: tf.Tensor) -> tf.Tensor:
    """`mean -log sigmoid(logits)`: the cost of being taken for generated."""
    return tf.reduce_mean(tf.nn.softplus(-logits))


def generated_logits(logits: tf.Tensor) -> tf.Tensor:
    """`mean -log(1 - sigmoid(logits))`: the cost of being taken for real."""
    return tf.reduce_mean(tf.nn.softplus(logits))


def discriminator_accuracy(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """Mean share, of each kind, that a discriminator judges rightly.

    Args:
        real: logits, rightly positive.
        generated: logits, rightly negative.
    """
    right_real = tf.reduce_mean(tf.cast(real > 0, real.dtype))
    right_generated = tf.reduce_mean(tf.cast(generated < 0, real.dtype))
    return (right_real + right_generated) / 2
