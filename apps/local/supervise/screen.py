"""What `manage.py up` shows: a checklist with times, one box, sentences, and prefixed log lines."""

from __future__ import annotations

import os
import re
import textwrap
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COLOURS = (36, 32, 35, 33, 34, 96, 92, 95, 93, 94)
_GREEN, _RED, _YELLOW, _DIM = 32, 31, 33, 2
_WIDEST_NAME = 10
# A log line may hold anything a user typed; escape sequences must not reach the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")
_COLOUR_CODE = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """Writes to one stream; coloured only on a terminal, and not when NO_COLOR is set."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR")
        self._names: dict[str, int] = {}

    def done(self, what: str, seconds: float | None = None) -> None:
        """Tick one line of the checklist."""
        took = "" if seconds is None else self._paint(f" ({seconds:.1f} s)", _DIM)
        self._write(f"  {self._paint('ok', _GREEN)}  {what}{took}")

    def note(self, what: str) -> None:
        """Say something worth knowing that is not a failure."""
        self._write(f"  {self._paint('--', _YELLOW)}  {what}")

    def failed(self, what: str, mend: str = "") -> None:
        """Say what is wrong, and below it how to mend it."""
        self._write(f"  {self._paint('no', _RED)}  {what}")
        if mend:
            self._write(f"      {mend}")

    @contextmanager
    def timed(self) -> Iterator[list[str]]:
        """Tick what the block put into the list, with the time it took."""
        words: list[str] = []
        started = time.monotonic()
        yield words
        self.done(" ".join(words), time.monotonic() - started)

    def box(self, rows: Sequence[tuple[str, str]], footer: str) -> None:
        """Draw the one box: names on the left, what they mean on the right."""
        name_width = max(len(name) for name, _ in rows)
        lines = [f"{name.ljust(name_width)}  {value}".rstrip() for name, value in rows]
        width = max(len(line) for line in [*lines, footer])
        edge = "─" * (width + 4)
        self._write(f"\n┌{edge}┐")
        for line in [*lines, "", footer]:
            self._write(f"│  {line.ljust(width)}  │")
        self._write(f"└{edge}┘\n")

    def log_line(self, name: str, line: str) -> None:
        """Show one line of a child's log behind its name."""
        colour = self._names.setdefault(name, _COLOURS[len(self._names) % len(_COLOURS)])
        text = _CONTROL.sub("", _COLOUR_CODE.sub("", line))
        self._write(f"{self._paint(name.ljust(_WIDEST_NAME), colour)} {text}")

    def excerpt(self, name: str, text: str, lines: int = 15) -> None:
        """Show the end of a log below a failure."""
        for line in text.splitlines()[-lines:]:
            self.log_line(name, textwrap.shorten(line, 400, placeholder=" ..."))

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _write(self, line: str) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        self._stream.flush()
