"""Options of stored signatures, by name: a callback or step keeps those that mean something to a stored call.

A signature may hold whatever its author passed, such as a serializer, and would be sent with it much later.
"""

from collections.abc import Iterator, Mapping, MutableMapping

KEPT = frozenset(
    {
        "app_id",
        "argsrepr",
        "chain",
        "chord",
        "correlation_id",
        "countdown",
        "eta",
        "exchange",
        "expires",
        "group",
        "group_id",
        "group_index",
        "headers",
        "idempotency_key",
        "ignore_result",
        "kwargsrepr",
        "link",
        "link_error",
        "origin",
        "parent_id",
        "priority",
        "queue",
        "replaced_task_nesting",
        "reply_to",
        "retries",
        "root_id",
        "routing_key",
        "shadow",
        "soft_time_limit",
        "stamped_headers",
        "task_id",
        "time_limit",
        "user_id",
    }
)

_FIELDS = frozenset({"task", "args", "kwargs", "options", "subtask_type", "immutable"})  # of each signature


def kept(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that a stored call keeps: the named ones and the stamps."""
    names = options.get("stamped_headers")
    stamps = {str(name) for name in names} if isinstance(names, list | tuple | set) else set()
    return {name: value for name, value in options.items() if name in KEPT or name in stamps}


def clean(stored: object) -> None:
    """Drop all other options of stored signatures, at whatever depth; raise TypeError for a serializer."""
    for signature in signatures(stored):
        options = signature.get("options")
        if not isinstance(options, Mapping):
            continue
        serializer = options.get("serializer")
        if serializer not in (None, "json"):
            raise TypeError(f"hold {signature['task']} with serializer={serializer!r}, but are sent as JSON")
        signature["options"] = kept(options)


def signatures(value: object) -> Iterator[MutableMapping[str, object]]:
    """Yield the signatures in a value, at whatever depth; each before those that it holds."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from signatures(one)
    elif isinstance(value, dict):
        if value.keys() >= _FIELDS:
            yield value
        for one in list(value.values()):
            yield from signatures(one)
