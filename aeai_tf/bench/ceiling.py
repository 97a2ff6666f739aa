"""What the machine can do at most: a large product, and our convolutions."""

import tensorflow as tf

from aeai_tf import networks
from aeai_tf.bench import operations
from aeai_tf.bench.settings import load_config

PRODUCT = "matrix product"
IN_A_ROW = 8  # So that starting them does not count.


def prepare(settings: dict):
    """Compiles them; for `turns.Held`.

    The convolutions are the second one of each of the encoder's blocks, on
    both images of all pairs; each of them has the same number of operations.

    Args:
        settings: as of `settings.load_config`.

    Returns:
        `matrix product`, `convolution 16`, ...; and the operations of each.
    """
    tf.get_logger().setLevel("ERROR")  # It warns of many traces.
    config = load_config("ae", settings)
    side = 8192 if tf.config.list_physical_devices("GPU") else 2048
    matrix = tf.random.stateless_normal([side, side], [0, 0])
    functions = {PRODUCT: _compile(tf.matmul, matrix, matrix)}
    for block, filters in enumerate(networks.BLOCK_FILTERS):
        size = config.image_size // 2**block
        maps = tf.random.stateless_normal(
            [2 * config.batch_size, size, size, filters], [0, 1]
        )
        kernel = tf.random.stateless_normal([3, 3, filters, filters], [0, 2])
        functions[f"convolution {filters}"] = _compile(_convolve, maps, kernel)
    offers = {name: _offer(function) for name, function in functions.items()}
    for offer in offers.values():
        offer()
    counts = {
        name: operations.count(function.get_concrete_function())
        for name, function in functions.items()
    }
    return offers, counts


def _convolve(maps: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    for _ in range(IN_A_ROW):
        maps = tf.nn.conv2d(maps, kernel, 1, "SAME")
    return maps


def _compile(function, *arguments: tf.Tensor):
    # Variables, since constants would be computed with once and for all.
    variables = [tf.Variable(argument) for argument in arguments]
    return tf.function(lambda: function(*variables))


def _offer(function):
    def run():
        function()
        tf.test.experimental.sync_devices()

    return run
