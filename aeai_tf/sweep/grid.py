"""Values of configuration keys to try, as typed on the command line.

`lambda_cycle=1e-3:1e1:5` is 5 values at equal ratios, both ends included, and
rounded to 3 digits; `batch_size=8,16,32` and `normalization=batch,group` are
values as they stand.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from aeai_tf.errors import UserError

DIGITS = 3
# Each has a flag of its own.
TAKEN = {"method": "--methods", "data.name": "--objects", "seed": "--seeds"}


def split(text: str, flag: str) -> tuple[str, str]:
    """Splits "key=value".

    Args:
        text: as typed.
        flag: its name, for messages.

    Raises:
        UserError: there is no key, no value, or the key has its own flag.
    """
    key, _, value = text.partition("=")
    if not key or not value:
        raise UserError(f"{flag}: {text!r} is not of the form key=value")
    if key in TAKEN:
        raise UserError(f"{flag}: {key!r} is set by {TAKEN[key]}")
    return key, value


def take_config(argv: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Takes the `--config.<key>=<value>`, whose names no flag can know.

    Args:
        argv: as typed.

    Returns:
        The values by key, and the other arguments.

    Raises:
        UserError: as `split`.
    """
    prefix = "--config."
    typed = [a for a in argv if a.startswith(prefix)]
    values = [split(a.removeprefix(prefix), prefix[:-1]) for a in typed]
    return dict(values), [a for a in argv if a not in typed]


def parse(text: str) -> tuple[str, list[str | float]]:
    """Parses one `--grid`.

    Returns:
        The key, and its values: numbers of a range, else texts.

    Raises:
        UserError: it is neither a range nor a list.
    """
    key, values = split(text, "--grid")
    if ":" in values:
        return key, _range(text, values)
    return key, values.split(",")


def parse_all(texts: Sequence[str]) -> dict[str, list[str | float]]:
    """Parses every `--grid`.

    Returns:
        The values by key.

    Raises:
        UserError: as `parse`, or a key is there twice.
    """
    grids = {}
    for text in texts:
        key, values = parse(text)
        if key in grids:
            raise UserError(
                f"--grid: {key} is there twice: list all its values"
            )
        grids[key] = values
    return grids


def _range(text: str, values: str) -> list[float]:
    try:
        low, high, count = values.split(":")
        low, high, count = float(low), float(high), int(count)
    except ValueError:
        raise UserError(
            f"--grid: {text!r} is no range: give lowest:highest:count, such "
            f"as 1e-3:1e1:5, or a list such as 0,0.1,1"
        ) from None
    if not 0 < low < high < math.inf or count < 2:
        raise UserError(
            f"--grid: in {text!r} the lowest value must be above 0 and below "
            f"the highest, and there must be 2 or more"
        )
    return [
        float(f"{value:.{DIGITS}g}") for value in np.geomspace(low, high, count)
    ]


def typed(key: str, value: str | float, default):
    """Gives a value the type that its key has.

    Args:
        key: dotted, for messages.
        value: as `parse` gives it.
        default: that of the configuration.

    Raises:
        UserError: it is none of that type.
    """
    try:
        if isinstance(default, int):
            return round(value) if isinstance(value, float) else int(value)
        if isinstance(default, float):
            value = float(value)
            if not math.isfinite(value):
                raise ValueError
            return value
    except ValueError:
        kind = "whole number" if isinstance(default, int) else "number"
        raise UserError(f"{key}={value!r} is no {kind}") from None
    if isinstance(value, float):
        raise UserError(f"{key} is no number: list its values, {key}=a,b")
    return value


def points(values: Mapping[str, list]) -> list[dict]:
    """Returns all combinations, the last key changing fastest.

    Raises:
        UserError: a key has one value twice.
    """
    _check_twice(values)
    found = [{}]
    for key, choices in values.items():
        found = [{**point, key: value} for point in found for value in choices]
    return found


def around(middle: Mapping[str, object], values: Mapping[str, list]):
    """Returns the middle, and all points that differ from it in one key.

    Args:
        middle: a value of every key.
        values: by the same keys.

    Raises:
        UserError: a key has one value twice.
    """
    _check_twice(values)
    return [dict(middle)] + [
        {**middle, key: value}
        for key, choices in values.items()
        for value in choices
        if value != middle[key]
    ]


def _check_twice(values: Mapping[str, list]) -> None:
    for key, choices in values.items():
        for number, value in enumerate(choices):
            if value in choices[:number]:
                raise UserError(f"--grid: {key}={text(value)} is there twice")


def text(value) -> str:
    """A value as in commands, names and tables."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)
