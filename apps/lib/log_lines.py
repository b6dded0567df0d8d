"""Log lines without control characters and secrets: a record cannot forge a line or steer a terminal."""

import copy
import logging
import re
import traceback
from collections.abc import Iterable
from typing import Final

from apps.lib import redact
from apps.lib.invisible import STEERING

_STEERING: Final = re.compile(f"[{STEERING}]")
_STEERING_BUT_LINE_ENDS: Final = re.compile(f"(?!\n)[{STEERING}]")


class OneLine(logging.Formatter):
    """Formats a record with its control characters escaped; only tracebacks have several lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it the traceback."""
        return super().format(escaped(record))


class Escaping(logging.Formatter):
    """Escapes a record before another formatter sees it."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return what the other formatter makes of the escaped record."""
        return self._inner.format(escaped(record))


def escape_handlers(*loggers: logging.Logger) -> None:
    """Let the handlers of these loggers escape control characters; call it as often as you like."""
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if not isinstance(handler.formatter, OneLine | Escaping):
            handler.setFormatter(Escaping(handler.formatter or logging.Formatter()))


def escaped(record: logging.LogRecord) -> logging.LogRecord:
    """Return a record whose message is one line; message, traceback and stack hold no control characters.

    What looks like a secret in the message and the traceback is masked.
    """
    clean = copy.copy(record)
    clean.msg, clean.args = _STEERING.sub(_code, redact.scrubbed(record.getMessage())), None
    if record.exc_info and record.exc_info[1] is not None:
        told = traceback.TracebackException(*record.exc_info)
        clean.exc_text = redact.scrubbed(lines(told.format()))
    elif record.exc_text:
        clean.exc_text = _STEERING_BUT_LINE_ENDS.sub(_code, redact.scrubbed(record.exc_text))
    if record.stack_info:
        clean.stack_info = _STEERING_BUT_LINE_ENDS.sub(_code, redact.scrubbed(record.stack_info))
    return clean


def lines(parts: Iterable[str]) -> str:
    """Return the parts of a formatted exception, escaped; the lines of a message are indented."""
    told: list[str] = []
    is_message = False
    for part in parts:
        text = part.rstrip("\n")
        if part[:1].isspace() or text.startswith("Traceback (most recent call last):"):
            is_message = False
        else:
            text = ("    " if is_message else "") + text.replace("\n", "\n    ")
            is_message = True
        told.append(_STEERING_BUT_LINE_ENDS.sub(_code, text))
    return "\n".join(told)


def one_line(text: str) -> str:
    """Return a text with its control characters escaped."""
    return _STEERING.sub(_code, text)


def for_terminal(text: str) -> str:
    """Return a text of several lines that cannot steer a terminal."""
    return _STEERING_BUT_LINE_ENDS.sub(_code, text)


def _code(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
