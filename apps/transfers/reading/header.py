"""Finds the wanted columns in the first row of a table."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apps.transfers.reading.bad_file import BadFile

MOST_COLUMNS: Final = 1_000
DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_DECLARED: Final = re.compile(r'"?sep=([^"\r\n])"?', re.IGNORECASE)
_SHOWN: Final = 20
_LONGEST_NAME: Final = 200
_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"  # for NUL, which no database can store


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file and where the wanted ones stand."""

    delimiter: str
    columns: tuple[str, ...]
    positions: tuple[int, ...]  # of the wanted columns, in the order they are wanted

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return the columns nobody asked for."""
        return tuple(name for at, name in enumerate(self.columns) if at not in self.positions)


def declared_delimiter(line: str) -> str:
    """Return the delimiter that a first line such as Excel's ``sep=;`` declares; else nothing."""
    found = _DECLARED.fullmatch(line.rstrip("\r\n").rstrip(" "))
    if not found:
        return ""
    if found[1] not in DELIMITERS:
        known = ", ".join(DELIMITERS.values())
        raise BadFile(f"The first line declares the delimiter {found[1]}. Expected one of: {known}.")
    return found[1]


def delimiter_of(line: str, wanted: Sequence[str]) -> str:
    """Return the delimiter that finds most of the wanted columns in the first line, else most columns."""
    names = {_normal(name) for name in wanted}

    def finds(delimiter: str) -> tuple[int, int]:
        try:
            columns = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        return len(names.intersection(map(_normal, columns))), len(columns)

    return max(DELIMITERS, key=finds)


def find_columns(record: Sequence[str], wanted: Sequence[str], *, delimiter: str) -> Header:
    """Return where the wanted columns are, or refuse a header that does not name each exactly once."""
    if len(record) > MOST_COLUMNS:
        raise BadFile(f"The first row has {len(record):,} columns; at most {MOST_COLUMNS:,} are read.")
    columns = tuple(name.strip()[:_LONGEST_NAME].replace("\0", _UNREADABLE) for name in record)
    _refuse_missing(columns, wanted)
    _refuse_doubled(columns, wanted)
    places = {_normal(name): at for at, name in enumerate(columns)}
    return Header(delimiter, columns, tuple(places[_normal(name)] for name in wanted))


def _refuse_missing(columns: Sequence[str], wanted: Sequence[str]) -> None:
    there = {_normal(name) for name in columns}
    missing = [name for name in wanted if _normal(name) not in there]
    if missing:
        what = "column" if len(missing) == 1 else "columns"
        raise BadFile(
            f"The first row lacks the {what} {', '.join(missing)}. "
            f"It names: {_listed(columns)}. Add what is missing or rename the columns."
        )


def _refuse_doubled(columns: Sequence[str], wanted: Sequence[str]) -> None:
    counts = Counter(_normal(name) for name in columns)
    doubled = [name for name in wanted if counts[_normal(name)] > 1]
    if doubled:
        raise BadFile(
            f"The first row names {', '.join(doubled)} more than once, so it is not clear which counts. "
            f"It names: {_listed(columns)}. Remove or rename the others."
        )


def _normal(name: str) -> str:
    """Return a column's name as it is compared: letter case, spaces and underscores do not count."""
    return name.strip().casefold().replace(" ", "").replace("_", "")


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(name[:60] or "(no name)" for name in columns[:_SHOWN])
    return shown + (f" and {len(columns) - _SHOWN:,} more" if len(columns) > _SHOWN else "")
