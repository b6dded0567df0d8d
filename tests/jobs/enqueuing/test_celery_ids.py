"""The id that Celery made for a call is answered if, and only if, the call's job is in the ledger."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Signature
from celery.result import AsyncResult
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django_celery_results.models import TaskResult

from apps.jobs.enqueuing.celery_ids import REPLACED
from apps.jobs.models import Job
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.valkey import ValkeyServer
from tests.jobs.canvas_steps import work
from tests.jobs.marks import execute
from tests.kinds import canvas, limited  # noqa: F401  # each is a Celery task from here on

pytestmark = pytest.mark.usefixtures("in_line")

CALLS: dict[str, tuple[str, tuple[object, ...], dict[str, object]]] = {
    "plain": ("canvas.plus", (1, 2), {}),
    "unique": ("limited.unique", ("", ""), {}),
    "idempotent": ("canvas.plus", (1, 2), {"idempotency_key": "order 7"}),
}
PROGRAM = """
import django; django.setup()
from celery import Signature
import tests.kinds.canvas, tests.kinds.limited
call = Signature({kind!r}, args={args!r})
print(call.freeze().id, flush=True)
call.apply_async(**{options!r})
"""


@pytest.mark.parametrize("point", ["enqueue.written", "enqueue.committed"])
@pytest.mark.parametrize("call", CALLS)
def test_process_that_is_killed_leaves_the_job_and_its_pointer_or_neither(
    call: str, point: str, postgres: PostgresServer, valkey: ValkeyServer, tmp_path: Path
) -> None:
    (tmp_path / point).touch()
    here = {
        "DATABASE_URL": postgres.url(connection.settings_dict["NAME"]),
        "REDIS_URL": valkey.url(),
        "CELERY_BROKER_URL": valkey.url(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "BACKLINE_CRASH_POINTS": str(tmp_path),
    }
    kind, args, options = CALLS[call]
    program = PROGRAM.format(kind=kind, args=args, options=options)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=settings.BASE_DIR,
        env=os.environ | here,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL
    answered = list(TaskResult.objects.filter(status=REPLACED).values_list("task_id", "result"))
    made = [f'"{job_id}"' for job_id in Job.objects.values_list("id", flat=True)]
    assert answered == [(done.stdout.strip(), job_id) for job_id in made]
    assert len(made) == (point == "enqueue.committed")


@pytest.fixture
def no_results_can_be_stored(in_line: None) -> Iterator[None]:
    """Refuse every row of a result, at the server."""
    execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON django_celery_results_taskresult "
        "EXECUTE FUNCTION refuse()"
    )
    yield
    execute("DROP FUNCTION refuse CASCADE")


@pytest.mark.usefixtures("no_results_can_be_stored")
@pytest.mark.parametrize("call", CALLS)
def test_job_is_not_enqueued_when_its_pointer_is_refused(call: str) -> None:
    kind, args, options = CALLS[call]
    signature: Any = Signature(kind, args=args)
    signature.freeze()
    with pytest.raises(DatabaseError, match="refused"):
        signature.apply_async(**options)
    assert not Job.objects.exists()


def test_pointer_is_not_left_by_a_call_that_is_refused() -> None:
    first: Any = Signature("canvas.plus", args=(1,))
    first.freeze()
    with transaction.atomic():
        with pytest.raises(TypeError, match="no_such_argument"):
            first.apply_async(kwargs={"no_such_argument": 1})
        canvas.plus.delay(5, 5)
    assert not TaskResult.objects.exists()
    assert Job.objects.get().args == {"a": 5, "b": 5}


def test_second_call_with_a_key_answers_for_the_job_that_holds_it() -> None:
    handles = []
    for _ in range(2):
        call: Any = Signature("canvas.plus", args=(1, 2))
        call.freeze()
        handles.append(call.apply_async(idempotency_key="order 7"))
        handles.append(AsyncResult(call.id))
    work()
    assert [handle.get(0.5) for handle in handles] == [3, 3, 3, 3]
    assert Job.objects.count() == 1
