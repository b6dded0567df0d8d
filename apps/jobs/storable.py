"""What the ledger can hold: JSON and text as PostgreSQL takes them, and within bounds."""

import json
import re

MAX_BYTES = 64 * 1024
MAX_DEPTH = 100  # far below where Python's reader gives up, in whatever depth it is called

_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]')  # a whole string, or one bracket
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # the escape, not a text that only looks like it


def as_json(value: object) -> str:
    """Return a value as JSON text.

    Raise TypeError when it is not JSON, ValueError when it is too big or holds what PostgreSQL cannot store.
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"must be JSON: {error}") from error
    if text != clean(text) or _NUL.search(text):
        raise ValueError("hold a NUL character or half a surrogate pair, which PostgreSQL cannot store")
    if (size := len(text.encode())) > MAX_BYTES:
        raise ValueError(f"take {size} bytes, at most {MAX_BYTES}")
    if _depth(text) > MAX_DEPTH:
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
