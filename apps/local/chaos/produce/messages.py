"""Send plain Celery messages, for the reference column."""

from uuid import uuid4

from kombu.exceptions import OperationalError

from apps.local.chaos import sink
from apps.local.chaos.plain_celery import app
from apps.local.chaos.produce.stream import Wanted, serve


def send_one(wanted: Wanted) -> None:
    """Send one message; a message cannot be taken back, so nothing is undone."""
    job = str(uuid4())
    sink.tell("trying", job, wanted.kind)
    try:
        app.send_task(wanted.kind, (job,), wanted.arguments, task_id=job)
    except (OperationalError, OSError):
        sink.tell("unknown", job, wanted.kind)
        raise
    sink.tell("kept", job, wanted.kind)


if __name__ == "__main__":
    serve(send_one, (OperationalError, OSError))
