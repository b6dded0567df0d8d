"""Enqueue jobs, each in a transaction of its own."""

import django

django.setup()

from django.db import DatabaseError, InterfaceError, connection, transaction  # noqa: E402  # need Django set up

from apps.jobs import enqueue, origin  # noqa: E402
from apps.local.chaos import sink  # noqa: E402
from apps.local.chaos.produce.stream import Wanted, serve  # noqa: E402


class Undone(Exception):  # noqa: N818
    """A transaction that its program gives up."""


def enqueue_one(wanted: Wanted) -> None:
    """Enqueue one job; roll another back before it when asked to."""
    with origin(tenant=wanted.tenant):
        if wanted.undo:
            _undo(wanted)
        _keep(wanted)


def _undo(wanted: Wanted) -> None:
    try:
        with transaction.atomic():
            job = enqueue(wanted.kind, **wanted.arguments)
            sink.tell("undone", job, wanted.kind)
            raise Undone
    except Undone:
        return
    except (DatabaseError, InterfaceError):
        connection.close()
        raise


def _keep(wanted: Wanted) -> None:
    job = None
    try:
        with transaction.atomic():
            job = enqueue(wanted.kind, **wanted.arguments)
            sink.tell("trying", job, wanted.kind)
    except (DatabaseError, InterfaceError):
        connection.close()
        if job is not None:
            sink.tell("unknown", job, wanted.kind)
        raise
    sink.tell("kept", job, wanted.kind)


if __name__ == "__main__":
    serve(enqueue_one, (DatabaseError, InterfaceError))
