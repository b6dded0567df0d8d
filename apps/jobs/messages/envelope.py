"""What a message looks like to Celery.  Written by the broker, read by any worker and by Flower.

Celery itself makes one envelope a kind and process, and every message of that kind is a copy of it with its
own ids: the format stays Celery's, and a message costs a sixth of what `send_task` takes for it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from celery import current_app
from celery.exceptions import Ignore
from kombu import serialization

from apps.jobs.messages import dead_messages
from apps.jobs.transitions import Message


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message, ready to be published."""

    headers: dict[str, object]
    properties: dict[str, Any]
    body: bytes | str
    content_type: str
    content_encoding: str


def seal(message: Message, text: str) -> Envelope:
    """Return a message as Celery sends it, with the text that Flower shows as its arguments."""
    blank = _blank(message.kind, os.getpid())
    first = str(message.ids[0])
    own = {
        "id": first,
        "root_id": first,
        "argsrepr": text,
        "bundle": str(message.id),
        "jobs": [str(job_id) for job_id in message.ids],
    }
    return Envelope(
        headers=blank.headers | own,
        properties=blank.properties | {"correlation_id": first},
        body=blank.body,
        content_type=blank.content_type,
        content_encoding=blank.content_encoding,
    )


def contents(headers: Mapping[str, object]) -> tuple[UUID, list[UUID]]:
    """Return the bundle and the jobs that a message names; refuse one that names none, and keep it."""
    try:
        jobs = headers["jobs"]
        if isinstance(jobs, list) and jobs:
            return UUID(str(headers["bundle"])), [UUID(str(job_id)) for job_id in jobs]
    except (KeyError, ValueError):
        pass
    named = {name: headers.get(name) for name in ("bundle", "jobs")}
    dead_messages.keep("Its headers name no jobs.", headers=named)
    raise Ignore("no jobs named")


@lru_cache(maxsize=1000)
def _blank(kind: str, pid: int) -> Envelope:  # noqa: ARG001  # a forked child has an origin of its own
    """Have Celery make what all messages of a kind have in common."""
    protocol = current_app.amqp.as_task_v2("", kind, (), {}, argsrepr="", kwargsrepr="{}", ignore_result=True)
    content_type, content_encoding, body = serialization.dumps(protocol.body, serializer="json")
    return Envelope(protocol.headers, protocol.properties, body, content_type, content_encoding)
