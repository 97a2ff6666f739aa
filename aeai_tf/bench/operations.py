"""Counts the floating-point operations of a compiled function.

TensorFlow's profiler does not look into functions that a graph calls, which is
where forward-mode derivatives are. Here they are looked into, and what no
output or side effect needs is left out, as it is when the graph runs.
"""

import math

import tensorflow as tf

# Where they have their filter, and the tensor with
# one number for each place and feature map that the filter was put to.
_CONVOLUTIONS = {
    "Conv2D": ("inputs", 1, "outputs", 0),
    "Conv2DBackpropInput": ("inputs", 1, "inputs", 2),
    "Conv2DBackpropFilter": ("outputs", 0, "inputs", 2),
}
_PRODUCTS = {
    "MatMul": "transpose_a",
    "BatchMatMul": "adj_x",
    "BatchMatMulV2": "adj_x",
}
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def count(function) -> int:
    """Counts multiplications and additions of products and convolutions.

    They are nearly all of a network's: what works element by element, such as
    normalisation and activations, is not counted. Nor are loops and branches
    looked into; our steps have none.

    Args:
        function: a concrete `tf.function`, all shapes known.

    Returns:
        Operations of one call: 2 for each product and its addition, padding
        included.

    Raises:
        ValueError: a shape is unknown.
    """
    graph = function.graph
    return _count(graph, graph.outputs, graph.control_outputs)[0]


def _count(graph, outputs, controls) -> tuple[int, set[str]]:
    """Operations, and names of all tensors that the outputs need."""
    tensors = {tensor.name for tensor in outputs}
    needed = {operation.name for operation in controls}
    total = 0
    # Operations stand in the order in which they were made.
    for operation in reversed(graph.get_operations()):
        used = [o.name in tensors for o in operation.outputs]
        if not any(used) and operation.name not in needed:
            continue
        inputs = list(operation.inputs)
        if operation.type in _CALLS:
            name = operation.get_attr("f").name
            body = graph._get_function(name).graph
            chosen = [o for o, u in zip(body.outputs, used, strict=True) if u]
            inside, reached = _count(body, chosen, body.control_outputs)
            total += inside
            pairs = zip(inputs, body.inputs, strict=True)
            inputs = [outer for outer, inner in pairs if inner.name in reached]
        else:
            total += _of(operation)
        tensors.update(tensor.name for tensor in inputs)
        needed.update(control.name for control in operation.control_inputs)
    return total, tensors


def _of(operation: tf.Operation) -> int:
    if operation.type in _CONVOLUTIONS:
        side, index, other_side, other = _CONVOLUTIONS[operation.type]
        filters = _shape(getattr(operation, side)[index])
        places = _shape(getattr(operation, other_side)[other])
        return 2 * math.prod(places) * math.prod(filters[:-1])
    if operation.type in _PRODUCTS:
        left = _shape(operation.inputs[0])
        transposed = operation.get_attr(_PRODUCTS[operation.type])
        summed = left[-2] if transposed else left[-1]
        return 2 * math.prod(_shape(operation.outputs[0])) * summed
    return 0


def _shape(tensor: tf.Tensor) -> list[int]:
    if not tensor.shape.is_fully_defined():
        raise ValueError(f"{tensor.name} has an unknown shape, {tensor.shape}")
    return tensor.shape.as_list()
