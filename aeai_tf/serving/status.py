"""gRPC statuses as exceptions, with the texts of `statuses.txt`."""

import pathlib
import re

import grpc

from aeai_tf.errors import UserError

MAX_TEXT = 1024  # Characters of a text, as TensorFlow Serving.
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_TABLE = pathlib.Path(__file__).with_name("statuses.txt").read_text()
_TEXTS = dict(re.findall(r"^(\w+): (.+)$", _TABLE, re.MULTILINE))


class StatusError(UserError):
    """A request that is answered with a gRPC status instead of a result."""

    def __init__(self, code: grpc.StatusCode, text: str):
        """Keeps `code`, and `text`, cut to what is sent, as its own text."""
        rest = "...TRUNCATED" if len(text) > MAX_TEXT else ""
        super().__init__(text[:MAX_TEXT] + rest)
        self.code = code


def refusal(key: str, *values) -> StatusError:
    """Makes the status of a line of the table.

    Args:
        key: the line's name.
        *values: what its text leaves open; sets are listed.
    """
    code, text = _TEXTS[key].split(": ", 1)
    texts = [",".join(sorted(v)) if isinstance(v, set) else v for v in values]
    return StatusError(grpc.StatusCode[code], text.format(*texts))


def check(condition, key: str, *values) -> None:
    """Raises the `refusal` of a line of the table, unless `condition` holds."""
    if not condition:
        raise refusal(key, *values)


def of(error: Exception) -> StatusError:
    """Makes a status of what a load or a session raised.

    Args:
        error: TensorFlow's have `error_code` and `message`.
    """
    if isinstance(error, StatusError):
        return error
    if not hasattr(error, "error_code"):  # Python's own: a misfit.
        return StatusError(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    # The session rewords what the operation said.
    native = getattr(error.__context__, "message", error.message)
    return StatusError(_CODES[error.error_code], native)
