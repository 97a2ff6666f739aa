"""Batches of image pairs, as a pure function of (seed, step).

A run that is interrupted and resumed at step k sees the batches that it would
have seen, because nothing is drawn from a state: step k's randomness is its
seed folded with k.
"""

from collections.abc import Callable

import tensorflow as tf

Sample = Callable[[tf.Tensor, int], dict[str, tf.Tensor]]

_TRAINING, _MEASURING = 0, 1


def pairs(
    images,
    seed: int,
    batch_size: int,
    steps: int,
    start_step: int = 0,
    sample: Sample | None = None,
    rounds: int = 1,
    partners=None,
) -> tf.data.Dataset:
    """Makes the training batches.

    The two images of a pair are drawn uniformly, with replacement, the second
    one from all images or from the first one's partners: an image may be
    paired with itself.

    Args:
        images: float32 `[n, height, width, channels]` in [0, 1]. They are
            kept in memory once. Under `tf.distribute` the pipeline is copied
            as a graph, which may hold 2 GB of them at most.
        seed: of the run.
        batch_size: pairs in a batch.
        steps: of the whole run.
        start_step: the first to yield, to resume a run.
        sample: draws the method's own random numbers: called with a seed,
            int32 `[2]`, that is independent of the pairs', and the batch
            size, it returns tensors `[batch_size, ...]` by name.
        rounds: batches that a step takes (`InterpolationModel.rounds`).
        partners: int32 `[n, k]`, for each image the indices of those that it
            may be paired with (`neighbors.nearest`); None for all.

    Returns:
        `steps - start_step` dicts: "source" and "target", float32
        `[batch_size, height, width, channels]`, and those of `sample`; with
        several rounds, `[batch_size, rounds, ...]`, so that `tf.distribute`
        shares out the pairs and not the rounds.
    """
    run = (seed, _TRAINING)
    return _batches(
        images, run, batch_size, (start_step, steps), sample, rounds, partners
    )


def fixed_pairs(
    images,
    seed: int,
    batch_size: int,
    batches: int,
    sample: Sample | None = None,
) -> tf.data.Dataset:
    """Makes the batches to measure on: the same ones every time.

    Args:
        images: as in `pairs`, commonly the held-out ones.
        seed: of the run. The pairs are not those of `pairs`.
        batch_size: pairs in a batch.
        batches: how many.
        sample: as in `pairs`.

    Returns:
        `batches` dicts like those of `pairs`.
    """
    run = (seed, _MEASURING)
    return _batches(images, run, batch_size, (0, batches), sample)


def _batches(
    images,
    run: tuple[int, int],
    batch_size: int,
    steps: tuple[int, int],
    sample: Sample | None,
    rounds: int = 1,
    partners=None,
) -> tf.data.Dataset:
    if not len(images):
        raise ValueError("There are no images to draw pairs from.")
    with tf.device("CPU"):  # Where tf.data runs; a GPU would keep a copy.
        images = tf.constant(images, tf.float32)
        run = tf.constant(run, tf.int32)
        if partners is not None:
            partners = tf.constant(partners, tf.int32)

    def batch(number: tf.Tensor) -> dict[str, tf.Tensor]:
        pair_seed, sample_seed = tf.unstack(
            tf.random.split(tf.random.fold_in(run, number), 2)
        )
        drawn = tf.random.stateless_uniform(
            [2, batch_size], pair_seed, 0, len(images), tf.int32
        )
        if partners is not None:
            rank = tf.random.stateless_uniform(
                [batch_size],
                tf.random.fold_in(pair_seed, 1),
                0,
                partners.shape[1],
                tf.int32,
            )
            target = tf.gather_nd(partners, tf.stack([drawn[0], rank], 1))
            drawn = tf.stack([drawn[0], target])
        source, target = tf.unstack(tf.gather(images, drawn))
        own = sample(sample_seed, batch_size) if sample else {}
        return {"source": source, "target": target, **own}

    def step_batch(step: tf.Tensor) -> dict[str, tf.Tensor]:
        if rounds == 1:
            return batch(step)
        batches = [batch(step * rounds + k) for k in range(rounds)]
        return tf.nest.map_structure(lambda *b: tf.stack(b, 1), *batches)

    options = tf.data.Options()
    options.deterministic = True
    # Of several workers, each makes all batches and takes its own pairs.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA
    )
    options.threading.private_threadpool_size = 2
    return (
        tf.data.Dataset.range(*steps)
        .map(step_batch, num_parallel_calls=2, deterministic=True)
        .prefetch(tf.data.AUTOTUNE)
        .with_options(options)
    )
