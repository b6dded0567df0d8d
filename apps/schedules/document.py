"""A schedule as a document: what people decided about it, and nothing that beat found out.

Versions, files and copies all hold it. What is as it is by default is left out, so that a document is
short and two of them differ only in what somebody decided.
"""

import json
from typing import TypeAlias

from apps.jobs import storable
from apps.schedules.row import Row

Document: TypeAlias = dict[str, object]

_ALWAYS = ("name", "task", "enabled")
_AS_IT_IS = (
    *("description", "queue", "exchange", "routing_key", "priority", "expire_seconds", "one_off"),
    *("missed", "missed_cap", "overlap", "jitter_s", "max_runs"),
)
_TIMES = ("start_time", "expires", "paused_until")
_JSON = ("args", "kwargs", "headers")
_PLAIN = Row()


def describe(row: Row) -> Document:
    """Return a schedule as a document; it need not be one that can run."""
    said: Document = {name: getattr(row, name) for name in _ALWAYS}
    said |= _timing(row)
    said |= {name: getattr(row, name) for name in _AS_IT_IS if getattr(row, name) != getattr(_PLAIN, name)}
    said |= {name: at.isoformat() for name in _TIMES if (at := getattr(row, name)) is not None}
    said |= {name: value for name in _JSON if (value := _parsed(getattr(row, name)))}
    return said


def _timing(row: Row) -> Document:
    """Return each timing that it has: by SQL it may have two, or none."""
    said: Document = {}
    if row.crontab is not None:
        *line, zone = row.crontab
        said |= {"cron": " ".join(line), "timezone": zone}
    if row.every is not None:
        said["every"] = [row.every, row.period]
    if row.clocked_time is not None:
        said["at"] = row.clocked_time.isoformat()
    if row.solar is not None:
        said["solar"] = row.solar
    return said


def _parsed(text: str) -> object:
    """Return what JSON text says, or the text where it says nothing that can be kept."""
    try:
        value: object = json.loads(text or "null")
        storable.as_json(value)
    except (TypeError, ValueError, RecursionError):
        return text
    return value
