"""A step whose batch is spread over the replicas of a `tf.distribute` strategy.

A replica sees an equal share of the batch's pairs. Gradients of terms that are
means over the batch need nothing from here: `methods/base.py` averages them
over the replicas. What else a method computes over its batch, it computes over
that of all replicas with these functions, which with one replica return what
they are given. Gradients flow through them to all replicas.
"""

import tensorflow as tf


def count() -> int:
    """How many replicas share a batch."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def mean(values):
    """Means over the replicas.

    Args:
        values: a tensor or a structure of tensors, of the same shapes in every
            replica; means over its share of the batch.

    Returns:
        The same structure: means over the batch.
    """
    if count() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce("MEAN", values)


def gather(rows: tf.Tensor) -> tf.Tensor:
    """The rows of all replicas, `[replicas * n, ...]`, from `[n, ...]` each."""
    if count() == 1:
        return rows
    return tf.distribute.get_replica_context().all_gather(rows, axis=0)


def as_log(value: tf.Tensor) -> tf.Tensor:
    """What a step may return for Keras to log: a scalar, from a scalar.

    Of several workers, Keras 3 averages values along a first axis.
    """
    if count() == 1:
        return value
    local = tf.distribute.get_strategy().extended.worker_devices
    return value if len(local) == count() else value[tf.newaxis]
