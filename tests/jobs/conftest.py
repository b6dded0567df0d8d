"""What tests of the ledger start from: job types, an empty line, a broker without messages."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from django.conf import LazySettings
from django.db import connection, connections
from django.test import Client
from django_celery_results.models import ChordCounter, TaskResult  # type: ignore[attr-defined]  # not in the stubs

from apps.jobs.messages import broker, publisher
from apps.local.servers.valkey import ValkeyServer
from tests.jobs import steps
from tests.jobs.marks import execute
from tests.jobs.people import DEEDS, LOOKS, log_in

PREFIX = "backline:"  # global_keyprefix in the settings


@pytest.fixture
def committed(db: None) -> Iterator[None]:
    """Let the test commit, over a connection outside the transaction that Django rolls back at its end.

    Its jobs are forgotten afterwards; Django's own way would flush every table of every app.
    """
    rolled_back = connections["default"]
    del connections["default"]
    steps.forget_all_jobs()
    yield
    connection.close()
    steps.forget_all_jobs()
    connection.close()
    connections["default"] = rolled_back


@pytest.fixture
def in_line(committed: None, settings: LazySettings) -> Iterator[None]:
    """Let every job stand in line, where the test's own worker takes it; forget results afterwards."""
    settings.BACKLINE_WINDOW = 0
    yield
    ChordCounter.objects.all().delete()
    TaskResult.objects.all().delete()


@pytest.fixture
def marks_table(committed: None) -> Iterator[None]:
    """Make the table in which the kinds of tests.kinds.canvas leave their marks."""
    execute("CREATE TABLE canvas_marks (name text)")
    yield
    execute("DROP TABLE canvas_marks")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a worker reads in one message."""

    kind: str
    headers: dict[str, object]
    body: list[object]


class Inbox:
    """The real broker, seen from a worker's side."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)

    def letters(self, queue: str = steps.QUEUE) -> list[Letter]:
        """Return the messages of a queue, the next one to be delivered first."""
        raw = self.client.lrange(PREFIX + queue, 0, -1)  # a worker takes from the right
        return [self._letter(text) for text in reversed(raw)]

    def job_ids(self, queue: str = steps.QUEUE) -> list[str]:
        """Return the jobs that the messages of a queue name, in their order."""
        return [str(job_id) for letter in self.letters(queue) for job_id in list(letter.headers["jobs"])]  # type: ignore[call-overload]

    def raw(self, queue: str = steps.QUEUE) -> list[dict[str, Any]]:
        """Return the messages of a queue as they travel, the oldest first."""
        return [json.loads(text) for text in reversed(self.client.lrange(PREFIX + queue, 0, -1))]

    def _letter(self, raw: bytes | str) -> Letter:
        message = json.loads(raw)
        headers = message["headers"]
        return Letter(headers["task"], headers, json.loads(base64.b64decode(message["body"])))


@pytest.fixture
def inbox(valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """An empty broker that remembers us; what a test publishes after its commits can be read from it."""
    inbox = Inbox(valkey.operator_url())
    inbox.client.flushall()
    with broker.connected() as producer:
        broker.lost_its_data(producer)
    monkeypatch.setattr(publisher, "_publisher", None)  # a thread that no other test upset
    yield inbox
    inbox.client.close()


@pytest.fixture
def operator(client: Client) -> Client:
    """Somebody who may do everything in the admin of jobs."""
    return log_in(client, *LOOKS, *DEEDS)
