"""Keep spreadsheets from reading cells of a CSV file as formulas, in a way that can be undone."""

import re
from typing import Final

from apps.lib.spreadsheet import FORMULA, NUMBER

_FORMULA: Final = re.compile(FORMULA)
_NUMBER: Final = re.compile(NUMBER)


def disarm(cell: str) -> str:
    """Put an apostrophe before a cell that may be read as a formula; a plain number such as -6 stays."""
    return f"'{cell}" if _is_formula(cell) else cell


def rearm(cell: str) -> str:
    """Take the apostrophe away again."""
    return cell[1:] if cell[:1] == "'" and _is_formula(cell[1:]) else cell


def _is_formula(cell: str) -> bool:
    return bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell.strip(" "))
