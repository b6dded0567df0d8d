"""Deal with a worker's dead child: end or charge the job that was its end, and spare those beside it.

Called by the worker's voice for each death. The slate says which job of a bundle the process was in.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.jobs import transitions
from apps.jobs.running.attempt import stop
from apps.jobs.running.slate import Entry
from apps.jobs.worker import overdue, workers
from apps.jobs.worker.enforce import Reason, Sentence


def bury_child(worker_id: int, pid: int, *, last: Entry | None, sentence: Sentence | None) -> list[UUID]:
    """Free every job of a dead child and return them.

    ``last`` is what it was in the middle of; ``sentence`` says that this worker killed it. A job whose row is
    locked stays for the next look: the dead process's session still commits.
    """
    if sentence is not None and sentence.entry != last:
        return transitions.spare(worker_id, pid, guilty=None)  # it had just begun another: nobody's fault
    held = workers.held_by(worker_id, pid)
    guilty = last.job if last else _only_one(held)
    beside = set(held) - {guilty}
    freed = transitions.spare(worker_id, pid, guilty=guilty, alone=guilty is None) if beside else []
    if guilty is None:
        return freed
    if sentence is not None:
        return [*freed, guilty] if _carry_out(sentence) else freed
    return freed + transitions.rescue_child(
        worker_id, pid, max_deaths=settings.BACKLINE_MAX_DEATHS, only=[guilty]
    )


def _only_one(held: list[UUID]) -> UUID | None:
    """Return the job of a process that died between two bodies, when it can have been no other."""
    return held[0] if len(held) == 1 else None


@transaction.atomic
def _carry_out(sentence: Sentence) -> bool:
    """End the job that was killed, as it would have ended had it listened."""
    entry = sentence.entry
    claim = transitions.held(entry.job, entry.lease)
    if claim is None:
        return False
    if sentence.reason is Reason.CANCELLED:
        return stop(claim)()
    return overdue.fail(claim, entry, "its process was killed")
