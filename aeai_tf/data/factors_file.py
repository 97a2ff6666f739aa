"""A CSV file with the factors behind images of the user's own.

    file,angle:360,exposure
    table/a.jpg,0,0.5
    table/b.jpg,15,0.5

The first column names the files, as seen from the folder of images; every
other one is a factor. `angle:360` is an angle that is back where it was after
360: without the number, a factor has no period. Commas, semicolons (then also
with decimal commas) and tabs separate; the text is UTF-8.
"""

import csv
import dataclasses
import math
import posixpath

import numpy as np

from aeai_tf.errors import UserError

DELIMITERS = ",;\t"


@dataclasses.dataclass(frozen=True)
class Factors:
    """The factors of files.

    Attributes:
        rows: the values of all factors by the name of the file.
        periods: of each factor, in their order; None if it has none.
    """

    rows: dict[str, tuple[float, ...]]
    periods: dict[str, float | None]

    def columns(self, names: list[str]) -> dict[str, np.ndarray]:
        """Returns each factor's values of these files, float32 `[n]`."""
        values = np.array([self.rows[name] for name in names], np.float32)
        return {
            factor: values[:, column]
            for column, factor in enumerate(self.periods)
        }


def read(path: str, columns: str = "") -> Factors:
    """Reads a file.

    Args:
        path: of the CSV file.
        columns: names of the factors to use, separated by commas; empty for
            all of them.

    Raises:
        UserError: the file, or the line, that cannot be read, and why.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            start = file.readline()
            file.seek(0)
            delimiter = max(DELIMITERS, key=start.count)
            lines = [
                (reader.line_num, [cell.strip() for cell in line])
                for reader in [csv.reader(file, delimiter=delimiter)]
                for line in reader
                if any(cell.strip() for cell in line)
            ]
    except OSError as error:
        raise UserError(
            f"the factors {path!r} cannot be read ({error.strerror})"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"the factors {path!r} are no CSV file in UTF-8 ({error})"
        ) from error
    if len(lines) < 2 or len(lines[0][1]) < 2:
        raise UserError(
            f"the factors {path!r} need a line of names, such as file,angle:360"
            f", and then a line an image"
        )
    header = lines[0][1]
    periods = _periods(path, header[1:])
    chosen = _chosen(path, columns, list(periods))
    rows = {}
    for number, cells in lines[1:]:
        where = f"line {number} of {path!r}"
        if len(cells) != len(header):
            raise UserError(
                f"{where} has {len(cells)} cells, and the line of names has "
                f"{len(header)}"
            )
        name = posixpath.normpath(cells[0].replace("\\", "/"))
        if name in rows:
            raise UserError(f"{where} names {cells[0]!r} for a second time")
        values = dict(zip(periods, cells[1:], strict=True))
        rows[name] = tuple(
            _number(where, factor, values[factor], delimiter)
            for factor in chosen
        )
    return Factors(rows, {factor: periods[factor] for factor in chosen})


def _periods(path: str, header: list[str]) -> dict[str, float | None]:
    periods = {}
    for title in header:
        name, _, end = title.rpartition(":")
        try:
            period = float(end) if name else None
        except ValueError:
            name, period = title, None
        name = name or title
        if not name or name in periods:
            raise UserError(
                f"the columns of {path!r} need names of their own, and one is "
                f"{name!r}"
            )
        if period is not None and not 0 < period < math.inf:
            raise UserError(
                f"the period of {name!r} in {path!r} must be above 0, and is "
                f"{end}"
            )
        periods[name] = period
    return periods


def _chosen(path: str, columns: str, known: list[str]) -> list[str]:
    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    for name in chosen:
        if name not in known:
            raise UserError(
                f"data.factor_columns: {path!r} has no factor {name!r}; it has "
                f"{', '.join(known)}"
            )
    return list(dict.fromkeys(chosen)) or known


def _number(where: str, factor: str, text: str, delimiter: str) -> float:
    if delimiter == ";":
        text = text.replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(
            f"{where}: the factor {factor!r} is {text!r}, which is no number "
            f"(--config.data.factor_columns chooses columns)"
        )
    return value
