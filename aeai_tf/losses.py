"""Loss terms that two or more methods use. All are means over everything."""

import tensorflow as tf


def squared_error(true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of two tensors of one shape; a scalar."""
    return tf.reduce_mean(tf.math.squared_difference(true, predicted))


def absolute_error(true: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of two tensors of one shape; a scalar."""
    return tf.reduce_mean(tf.abs(true - predicted))


def real_logits(logits: tf.Tensor) -> tf.Tensor:
    """`mean -log sigmoid(logits)`: the cost of being taken for generated."""
    return tf.reduce_mean(tf.nn.softplus(-logits))


def generated_logits(logits: tf.Tensor) -> tf.Tensor:
    """`mean -log(1 - sigmoid(logits))`: the cost of being taken for real."""
    return tf.reduce_mean(tf.nn.softplus(logits))
