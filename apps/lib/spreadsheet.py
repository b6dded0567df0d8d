"""Patterns of the cells that a spreadsheet reads as formulas; for Python and, but for NUL, for PostgreSQL."""

from typing import Final

from apps.lib.invisible import UNSEEN

# Signs that begin a formula, with their fullwidth, small, raised and lowered forms.
_SIGNS: Final = (
    r"=\uff1d\ufe66\u207c\u208c"
    r"+\uff0b\ufe62\u207a\u208a\ufb29"
    r"\-\uff0d\ufe63\u207b\u208b\u2212"
    r"@\uff20\ufe6b"
)
FORMULA: Final = rf"^(?:'*[\t\r\n]|['\s{UNSEEN}]*[{_SIGNS}])"
_PLAIN_NUMBER: Final = r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?"
NUMBER: Final = rf"^{_PLAIN_NUMBER}$"  # stays, without blanks around it

# Programs split a file at the separator of their language: a part of a text may begin a cell.
SEPARATOR: Final = r"([;|\t\r\n])"
FORMULA_PART: Final = (
    rf"(?=['\"\s{UNSEEN}]*[{_SIGNS}])"  # ahead
    rf"(?! *{_PLAIN_NUMBER} *(?:[;|\t\r\n]|$))"
)


def _for_sql(pattern: str) -> str:
    return pattern.replace(r"\x00", r"\x01")


FOR_SQL: Final = {
    "formula": _for_sql(FORMULA),
    "number": NUMBER,
    "part": SEPARATOR + _for_sql(FORMULA_PART),
    "marked_part": r"\1" + "'",
}
