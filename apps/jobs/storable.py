"""What the ledger can hold: JSON and text as PostgreSQL takes them, and within bounds."""

import json
import re

MAX_BYTES = 64 * 1024
MAX_DEPTH = 100  # far below where Python's reader gives up, in whatever depth it is called

_UNSTORABLE = "hold a NUL character or half a surrogate pair, which PostgreSQL cannot store"
_ENCODE = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode  # made once: it is half of the cost
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]')  # a whole string, or one bracket
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # the escape, not a text that only looks like it


def as_json(value: object, *, most: int = MAX_BYTES) -> str:
    """Return a value as JSON text.

    Raise TypeError when it is not JSON, ValueError when it is too big or holds what PostgreSQL cannot store.
    """
    try:
        text = _ENCODE(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"must be JSON: {error}") from error
    return checked(text, most=most)


def checked(text: str, *, most: int = MAX_BYTES) -> str:
    """Return JSON text that the ledger can hold; raise ValueError, as as_json does, for any other."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError(_UNSTORABLE) from None
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError(_UNSTORABLE)
    if size > most:
        raise ValueError(f"take {size} bytes, at most {most}")
    if size > 2 * MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"are nested deeper than {MAX_DEPTH} levels")
    return text


def clean(text: str) -> str:
    """Return a text without what PostgreSQL cannot store: NUL and halves of surrogate pairs become "?"."""
    return text.replace("\x00", "?").encode("utf-8", "replace").decode("utf-8")


def _depth(text: str) -> int:
    depth = deepest = 0
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return depth
    for mark in _MARK.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark[0], 0)
        deepest = max(deepest, depth)
    return deepest
