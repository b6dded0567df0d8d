"""Values of a schedule without secrets, those in its positional arguments included."""

from collections.abc import Mapping, Sequence

from celery import current_app

from apps.jobs import plain_calls, registry
from apps.lib import redact

_JSON = ("args", "kwargs", "headers")  # a text here is JSON that cannot be read


def masked(document: Mapping[str, object]) -> dict[str, object]:
    """Return a document without secrets."""
    return {name: seen(document, name, value) for name, value in document.items()}


def seen(document: Mapping[str, object], name: str, value: object) -> object:
    """Return one value of a document, or of a part of it (``kwargs.password``), without secrets."""
    if value is None:
        return None
    if name in _JSON and isinstance(value, str):
        return redact.scrubbed(value)
    if name == "args" and isinstance(value, list):
        return by_position(str(document.get("task")), value)
    return redact.masked_as(name, value)


def by_position(task: str, args: Sequence[object]) -> list[object]:
    """Return positional arguments of a task without secrets, by the names of its parameters."""
    try:
        names = tuple(registry.get(task).parameters.parameters)
    except registry.UnknownKind:
        plain = current_app.tasks.get(task)
        names = plain_calls.names_of(plain.run) if plain else ()
    return plain_calls.masked_positions(names, args)
