"""Log lines without control characters and secrets: a record cannot forge a line or steer a terminal."""

import copy
import logging
import re
import traceback
from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Final, Self

from apps.lib import redact
from apps.lib.invisible import STEERING

_STEERING: Final = re.compile(f"[{STEERING}]")
_STEERING_BUT_LINE_ENDS: Final = re.compile(f"(?!\n)[{STEERING}]")
# color_message: the format of uvicorn for terminals, whose colours are control characters
_FIELDS: Final = frozenset((*vars(logging.makeLogRecord({})), "message", "color_message"))


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
        return self._inner.format(_WithArguments.of(record))


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


class _WithArguments(logging.LogRecord):
    """An escaped record that keeps its arguments: formatters of access logs read them one by one."""

    _format: object
    _message: str

    @classmethod
    def of(cls, record: logging.LogRecord) -> Self:
        """Escape a record, its arguments and the other fields that its logger added."""
        clean, kept = escaped(record), cls.__new__(cls)
        added = {name: _argument(value) for name, value in vars(record).items() if name not in _FIELDS}
        kept.__dict__.update(vars(clean) | added)
        kept._message = kept._format = clean.msg
        if record.args:
            kept.args = _arguments(record.args)
            kept.msg = kept._format = one_line(str(record.msg))
        return kept

    def getMessage(self) -> str:  # noqa: N802  # Python's name
        """Return the escaped message; the arguments in another format where a formatter has put one."""
        return self._message if self.msg is self._format else super().getMessage()


class _Argument:
    """An object that is escaped where it becomes text."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return one_line(redact.scrubbed(str(self._value)))

    def __repr__(self) -> str:
        return one_line(redact.scrubbed(repr(self._value)))


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


def _arguments(
    args: tuple[object, ...] | Mapping[str, object],
) -> tuple[object, ...] | Mapping[str, object]:
    if isinstance(args, Mapping):
        return {name: _argument(value) for name, value in args.items()}
    return tuple(map(_argument, args))


def _argument(value: object) -> object:
    if value is None or isinstance(value, Number):
        return value
    return one_line(redact.scrubbed(value)) if isinstance(value, str) else _Argument(value)


def _code(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
