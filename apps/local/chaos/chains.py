"""Enqueue jobs with others after them: chains of two, and jobs that die and have another called for it."""

import sys

import django

django.setup()

from celery import chain  # noqa: E402  # needs Django set up, as below

from apps.lib.ids import new_id  # noqa: E402
from apps.local.chaos import sink  # noqa: E402
from apps.local.chaos.kinds.doomed import doomed  # noqa: E402
from apps.local.chaos.kinds.plain import plain  # noqa: E402


def enqueue_pair() -> None:
    """Enqueue a chain whose first step ends well, and a job that dies; say which jobs have to end."""
    first, last, called = (str(new_id()) for _ in range(3))
    chain(plain.si(ms=0).set(task_id=first), plain.si(ms=0).set(task_id=last)).apply_async()
    dead = doomed.apply_async(link_error=plain.si(ms=0).set(task_id=called))
    for job in (first, last, called):
        sink.tell("kept", job, "chaos.plain")
    sink.tell("kept", dead.id, "chaos.doomed")


if __name__ == "__main__":
    for _ in range(int(sys.stdin.readline())):
        enqueue_pair()
