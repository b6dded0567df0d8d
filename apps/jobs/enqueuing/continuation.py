"""What came with a call and is needed when the job runs or has ended: stored in the row, read in the worker.

``then`` holds who waits for the job: callbacks, errbacks, the rest of a chain, the body of a chord;
``request`` what its request says of it; ``limits`` how long it may take.
"""

import json
from collections.abc import Mapping
from datetime import timedelta

from celery.utils.functional import maybe_list
from kombu.utils import json as celerys_json

from apps.jobs import storable
from apps.jobs.enqueuing import signature_options

_MOST_BYTES = 1024 * 1024  # each step of a chain carries all that follow it

# Celery's option: what the request calls it.
_THEN = {"link": "callbacks", "link_error": "errbacks", "chain": "chain", "chord": "chord"}
_REQUEST = {
    "group_id": "group",
    "group_index": "group_index",
    "root_id": "root_id",
    "parent_id": "parent_id",
    "correlation_id": "correlation_id",
    "shadow": "shadow",
    "replaced_task_nesting": "replaced_task_nesting",
    "headers": "headers",
    "stamped_headers": "stamped_headers",
}
_LIMITS = ("time_limit", "soft_time_limit")
_PROPERTIES = ("app_id", "user_id")  # AMQP's, for the task to read
OPTIONS = frozenset({*_THEN, *_REQUEST, *_LIMITS, *_PROPERTIES})


def understood(options: Mapping[str, object]) -> set[str]:
    """Return the names of options that are kept here: the stamps of a stamped call have any name."""
    return {*OPTIONS, *_names_of_stamps(options)}


def stored(kind: str, options: Mapping[str, object]) -> dict[str, object] | None:
    """Return what a job keeps of its call, as plain JSON; None when it came alone.

    Raise TypeError or ValueError when that cannot be stored.
    """
    check(kind, options)
    kept = {
        "then": _signatures(kind, options),
        "request": _named(_REQUEST, options) | _stamps(options) | _properties(options),
        "limits": _limits(kind, options),
    }
    kept = {name: values for name, values in kept.items() if values}
    if not kept:
        return None
    try:
        plain: dict[str, object] = json.loads(celerys_json.dumps(kept))  # its signatures may hold dates
        signature_options.clean(plain.get("then"))
        storable.as_json(plain, most=_MOST_BYTES)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{kind}: its callbacks, chain or chord {error}.") from None
    return plain


def check(kind: str, options: Mapping[str, object]) -> None:
    """Raise TypeError or ValueError for headers that are no dict, and for limits that are no seconds."""
    headers = options.get("headers")
    if headers and not isinstance(headers, Mapping):
        raise TypeError(f'{kind}: headers must be a dict, such as {{"source": "shop"}}, not {headers!r}.')
    _limits(kind, options)


def of(options: Mapping[str, object]) -> dict[str, object]:
    """Return what a request says of a job: Celery's names, signatures as dictionaries."""
    kept = celerys_json.loads(json.dumps({name: options.get(name) or {} for name in ("then", "request")}))
    limits = options.get("limits")
    told = {} if not isinstance(limits, dict) else {"timelimit": tuple(limits.get(name) for name in _LIMITS)}
    return {**kept["request"], **kept["then"], **told}


def timeout_of(options: Mapping[str, object], kinds: timedelta) -> timedelta:
    """Return how long an attempt may take: the shorter of Celery's two limits, else the kind's."""
    limits = options.get("limits")
    return timedelta(seconds=min(limits.values())) if isinstance(limits, dict) and limits else kinds


def is_awaited(options: Mapping[str, object]) -> bool:
    """Say whether anybody waits for a job with these options."""
    return "then" in options


def _signatures(kind: str, options: Mapping[str, object]) -> dict[str, object]:
    """Return who waits for a job; raise TypeError for what cannot be called later."""
    found = _named(_THEN, options)
    for name, value in found.items():
        for signature in maybe_list(value):
            if not isinstance(signature, Mapping) or "task" not in signature:
                raise TypeError(f"{kind}: {name} must be signatures, such as add.s(1), not {signature!r}.")
    return found


def _named(names: Mapping[str, str], options: Mapping[str, object]) -> dict[str, object]:
    found = {called: options[name] for name, called in names.items() if options.get(name)}
    if options.get("group_index") == 0 and "group_index" in names:
        found["group_index"] = 0
    return {
        name: maybe_list(value) if name in ("callbacks", "errbacks") else value
        for name, value in found.items()
    }


def _properties(options: Mapping[str, object]) -> dict[str, object]:
    found = {name: options[name] for name in _PROPERTIES if options.get(name)}
    return {"properties": found} if found else {}


def _stamps(options: Mapping[str, object]) -> dict[str, object]:
    """Return the stamps of Celery's stamping visitors."""
    names = _names_of_stamps(options)
    if not names:
        return {}
    return {
        "stamped_headers": names,
        "stamps": {name: options[name] for name in names if name in options},
    }


def _names_of_stamps(options: Mapping[str, object]) -> list[str]:
    names = options.get("stamped_headers")
    return [str(name) for name in names] if isinstance(names, list | tuple | set) else []


def _limits(kind: str, options: Mapping[str, object]) -> dict[str, float]:
    limits = {name: options[name] for name in _LIMITS if options.get(name) is not None}
    for name, seconds in limits.items():
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**8:
            raise ValueError(f"{kind}: {name} must be a number of seconds above zero, not {seconds!r}.")
    return {name: float(seconds) for name, seconds in limits.items() if isinstance(seconds, int | float)}
