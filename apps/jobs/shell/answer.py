"""What a subcommand answers: data for programs, a text for people."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apps.lib.invisible import STEERING

_LONGEST_CELL = 60
_LINE_END = "\n"
_UNPRINTABLE = re.compile(f"(?!\n)[{STEERING}]")


@dataclass(frozen=True, slots=True)
class Answer:
    """The same answer twice."""

    data: dict[str, object]
    text: str

    def as_json(self) -> str:
        """Return the data as one JSON object."""
        text = json.dumps(self.data, ensure_ascii=False, default=_plain, indent=2)
        return _UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows under their heads, each column as wide as its widest cell."""
    lines = [[cell(value) for value in row] for row in rows]
    widths = [max(len(line[place]) for line in [list(heads), *lines]) for place in range(len(heads))]
    padded = (
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in [list(heads), *lines]
    )
    return "\n".join(padded)


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Return names and what they are, one a line, what is empty left out."""
    kept = [(name, value) for name, value in pairs if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in kept), default=0)
    below = "\n" + " " * (width + 2)  # no value can look like another fact
    return "\n".join(
        f"{name.ljust(width)}  {safe(_told(value)).replace(_LINE_END, below)}" for name, value in kept
    )


def cell(value: object) -> str:
    """Return a value on one line and not too long."""
    text = " ".join(safe(_told(value)).split())
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def safe(text: str) -> str:
    """Return a text that cannot steer the terminal it is printed on."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def _told(value: object) -> str:
    if value is None:
        return ""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
