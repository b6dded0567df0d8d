"""Keeps spreadsheets from taking cells of a CSV file for formulas, in a way that can be taken back."""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_DISARMED: Final = re.compile(r"'+[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")


def disarm(cell: str) -> str:
    """Put an apostrophe before a cell that would be a formula; a plain number such as -6 is none."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def rearm(cell: str) -> str:
    """Take the apostrophe away again."""
    return cell[1:] if _DISARMED.match(cell) else cell
