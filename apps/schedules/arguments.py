"""The arguments of a schedule: JSON text that a person typed."""

import json

from apps.schedules.row import Row


class Unreadable(ValueError):  # noqa: N818
    """Text that should be JSON of a certain shape and is not; the sentence says where."""


def read_args(row: Row) -> list[object]:
    """Return the positional arguments."""
    value = _load(row.args or "[]", "Positional arguments")
    if not isinstance(value, list):
        raise Unreadable("Positional arguments must be a JSON list, such as [1, 2].")
    return value


def read_kwargs(row: Row) -> dict[str, object]:
    """Return the named arguments."""
    return _mapping(row.kwargs, "Keyword arguments")


def read_headers(row: Row) -> dict[str, object]:
    """Return the message headers of a plain Celery task."""
    return _mapping(row.headers, "Headers")


def as_text(value: object) -> str:
    """Return a value as a schedule keeps it; a text that is no JSON stays as somebody wrote it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mapping(text: str, what: str) -> dict[str, object]:
    value = _load(text or "{}", what)
    if not isinstance(value, dict):
        raise Unreadable(f'{what} must be a JSON object, such as {{"name": 1}}.')
    return value


def _load(text: str, what: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{what} are not JSON: {error}.") from error
