"""Finding one's way in the measurements, `metrics.json` as a dict.

`methods.<method>.<measure>.<pairs>...` ends in lists, which are curves, and
in numbers with an interval, `{"value": v, "low": l, "high": h}`.
"""

from collections.abc import Mapping

PAIRS = {"all_pairs": "all pairs", "held_out": "held-out pairs"}


def get(tree: Mapping, *keys: str):
    """Returns what lies at the end of a path of keys; None if it is absent."""
    for key in keys:
        if not isinstance(tree, Mapping) or key not in tree:
            return None
        tree = tree[key]
    return tree


def numbers(tree: Mapping) -> dict[tuple[str, ...], Mapping]:
    """Returns every number with an interval, by its path of keys."""
    found = {}
    for key, branch in tree.items():
        if is_number(branch):
            found[(key,)] = branch
        elif isinstance(branch, Mapping):
            for path, number in numbers(branch).items():
                found[(key, *path)] = number
    return found


def is_number(branch) -> bool:
    """Whether this is a number with an interval."""
    return isinstance(branch, Mapping) and "value" in branch
