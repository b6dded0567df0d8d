"""Calls of plain Celery tasks as people may see them: secrets masked by the names of their parameters.

Celery sends a text of the arguments beside them, for logs, events, Flower and stored results.
"""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from celery.utils.saferepr import saferepr

from apps.lib import redact

_LONGEST = 1024  # Celery's own
_LONGEST_READ = 20_000  # another sender's text


def shown(
    function: Callable[..., object] | None, args: Sequence[object], kwargs: Mapping[str, object]
) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the arguments of a call without secrets; by position where the function's names are known."""
    names = () if function is None else names_of(function)
    return tuple(masked_positions(names, args)), {
        str(name): redact.masked_as(str(name), value) for name, value in kwargs.items()
    }


def masked_positions(names: Sequence[str], args: Sequence[object]) -> list[object]:
    """Return arguments without secrets; those beyond the names by what they hold."""
    named = [redact.masked_as(name, value) for name, value in zip(names, args, strict=False)]
    return [*named, *(redact.masked(value) for value in args[len(named) :])]


def as_texts(
    function: Callable[..., object] | None, args: Sequence[object], kwargs: Mapping[str, object]
) -> dict[str, str]:
    """Return Celery's options that say how the arguments of a call are shown."""
    seen, named = shown(function, args, kwargs)
    return {"argsrepr": saferepr(seen, _LONGEST), "kwargsrepr": saferepr(named, _LONGEST)}


def masked_texts(function: Callable[..., object] | None, args: object, kwargs: object) -> tuple[str, str]:
    """Return the texts of arguments that any sender wrote, without secrets."""
    named = str(kwargs)
    return _masked_list(function, str(args)), _masked(named, _read(named))


def masked_text(text: str) -> str:
    """Return the text of a value, such as a result or an error, without secrets."""
    return _masked(text, _read(text))


def _masked_list(function: Callable[..., object] | None, text: str) -> str:
    listed = _read(text)
    if isinstance(listed, list | tuple):
        seen, _ = shown(function, listed, {})
        return text if seen == tuple(listed) else repr(seen)
    # Which of these is the secret cannot be read: the text was cut, or shows objects.
    has_secret = function is not None and any(map(redact.is_secret, names_of(function)))
    return redact.MASK if has_secret and text.strip("()[] ") else redact.scrubbed(text)


def _masked(text: str, read: object) -> str:
    if not isinstance(read, dict | list | tuple):
        return redact.scrubbed(text)
    seen = redact.masked(read)
    return text if seen == (list(read) if isinstance(read, tuple) else read) else repr(seen)


def _read(text: str) -> object:
    """Return the value that a text shows; None for one that was cut or shows objects."""
    if len(text) > _LONGEST_READ or not text.startswith(("{", "[", "(")):
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=1024)
def names_of(function: Callable[..., object]) -> tuple[str, ...]:
    """Return the names of a function's parameters; none where it does not show them."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # of a function in C
        return ()
