"""The reference column: plain Celery as its documentation would have it for jobs that matter.

Late acknowledgement, reject_on_worker_lost, a visibility timeout of a minute, retries for a database that is
away. Same sink, same servers, no ledger.
"""

import os
import time
from functools import cache

import psycopg
from celery import Celery

from apps.local.chaos import sink

app = Celery("plain", broker=os.environ["CELERY_BROKER_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue="default",
    broker_transport_options={"visibility_timeout": 60, "socket_timeout": 5, "socket_connect_timeout": 5},
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
)


@app.task(name="chaos.plain")
def plain(job: str, ms: int = 0) -> None:
    """Take a while and do something outside the database."""
    sink.tell("begun", job, "plain")
    time.sleep(ms / 1000)
    sink.tell("done", job, "plain")


@app.task(
    name="chaos.atomic",
    autoretry_for=(psycopg.OperationalError,),
    max_retries=20,
    retry_backoff=1,
    retry_backoff_max=3,
)
def atomic(job: str, ms: int = 0) -> None:
    """Write a row in a transaction of its own."""
    sink.tell("begun", job, "atomic")
    try:
        with _connection().transaction():
            _connection().execute("INSERT INTO chaos_effect (job) VALUES (%s)", [job])
            time.sleep(ms / 1000)
    except psycopg.OperationalError:
        _connection.cache_clear()
        raise
    sink.tell("done", job, "atomic")


@app.task(name="chaos.keyed")
def keyed(job: str, ms: int = 0) -> None:
    """Ask the other side for something, with the message's id as the key."""
    sink.tell("begun", job, "keyed")
    if sink.once(job):
        sink.tell("charged", job, "keyed")
    time.sleep(ms / 1000)
    sink.tell("done", job, "keyed")


@cache
def _connection() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5)
