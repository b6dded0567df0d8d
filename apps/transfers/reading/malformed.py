"""Malformed: a row that is not CSV, with the field and the quotation mark at fault."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

_QUOTED: Final = re.compile(r'"([^"]*(?:""[^"]*)*)("?)')
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_MOST_FIELDS: Final = 1_000
_SHOWN: Final = 40

AFTER: Final = "Text after the closing quotation mark"
OPEN: Final = "Quotation mark is not closed"
STRAY: Final = "Quotation mark closes nothing"
LONG: Final = "Value is too long"
_HOW: Final = {
    AFTER: 'Write a quotation mark that belongs to the value twice: "22"" LAMP".',
    OPEN: 'Close the value with a quotation mark; write one that belongs to it twice: "22"" LAMP".',
    STRAY: 'Put a quotation mark before the value too; write one that belongs to it twice: "22"" LAMP".',
    LONG: "Shorten the value. Perhaps a quotation mark is missing.",
}


@dataclass(frozen=True, slots=True)
class _Field:
    text: str  # the value where it is well written, else as it stands in the file
    start: int
    cause: str = ""


class Malformed(list[str]):
    """The fields of a malformed row as they stand in the file; where and why it is refused."""

    def __init__(self, fields: list[str], cause: str, *, at: int, line: int) -> None:
        """Name the field at fault by its index, and the line of the file in which it begins."""
        super().__init__(fields)
        self.cause = cause
        self.at = at
        self._line = line

    @classmethod
    def of(
        cls,
        text: str,
        delimiter: str,
        *,
        line: int,
        causes: Collection[str] = (AFTER, OPEN),
        otherwise: str = LONG,
    ) -> Self:
        """Cut the text of a row that begins in ``line``; find the first field with one of the causes."""
        text = text.rstrip("\r\n")
        fields = _cut(text, delimiter)
        at = next((at for at, field in enumerate(fields) if field.cause in causes), -1)
        cause = fields[at].cause if at >= 0 else otherwise
        if at < 0:
            at = max(range(len(fields)), key=lambda each: len(fields[each].text))
        line += len(_LINE_END.findall(text, 0, fields[at].start))
        return cls([field.text for field in fields], cause, at=at, line=line)

    def reason(self, column: str) -> str:
        """Return the reason as a sentence for the sender of the file; ``column`` is that of the field."""
        value = self[self.at][:_SHOWN] + ("…" if len(self[self.at]) > _SHOWN else "")
        where = f"{column or f'Field {self.at + 1:,}'}, line {self._line:,}"
        return f"{where}: {self.cause.lower()}: {value}. {_HOW[self.cause]}{self._hint()}"

    def _hint(self) -> str:
        if self.cause == AFTER and '\\"' in self[self.at]:
            return " A backslash before it does not count."
        return ""


def has_stray_mark(text: str, delimiter: str) -> bool:
    """Say whether a value that does not begin with a quotation mark holds one."""
    return any(field.cause == STRAY for field in _cut(text.rstrip("\r\n"), delimiter))


def _cut(text: str, delimiter: str) -> list[_Field]:
    """Cut a row into fields; behind a mark that nothing closes every delimiter counts."""
    fields: list[_Field] = []
    start = 0
    is_open = False
    while len(fields) < _MOST_FIELDS:
        quoted = None if is_open else _QUOTED.match(text, start)
        is_open = is_open or bool(quoted and not quoted[2])
        end = text.find(delimiter, start if is_open or not quoted else quoted.end())
        end = len(text) if end < 0 else end
        fields.append(_field(text[start:end], start, quoted))
        if end == len(text):
            break
        start = end + 1
    return fields


def _field(raw: str, start: int, quoted: re.Match[str] | None) -> _Field:
    if quoted is None:
        return _Field(raw, start, STRAY if '"' in raw else "")
    if not quoted[2]:
        return _Field(raw, start, OPEN)
    if quoted[0] != raw:
        return _Field(raw, start, AFTER)
    return _Field(quoted[1].replace('""', '"'), start)
