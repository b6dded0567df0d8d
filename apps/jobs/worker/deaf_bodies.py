"""End in the ledger what runs past its limit where no process can be killed for it.

That is in a thread, and in the main process of a worker without children. The body goes on until it ends by
itself, but nothing that it still writes counts, and its job need not wait for it. Called by the voice.
"""

import logging
import os
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.jobs import process, registry, transitions
from apps.jobs.models.bundle import Bundle
from apps.jobs.outcomes import TimedOut
from apps.jobs.running import in_threads
from apps.jobs.running.attempt import failure
from apps.jobs.running.slate import Entry, Slate

if TYPE_CHECKING:
    from uuid import UUID

log = logging.getLogger("backline.worker")


class DeafBodies:
    """Those of this process that did not end at their limit."""

    def __init__(self, slate: Slate) -> None:
        """Look at the threads, and at the slate for the main one."""
        self._slate = slate
        self._ended: set[tuple[UUID, UUID]] = set()

    def end_overdue(self) -> None:
        """End their jobs, each once, some seconds after the limit: a body that heard of it needs a moment."""
        latest = monotonic() - settings.BACKLINE_KILL_GRACE_S
        own = [entry for entry in self._slate.entries() if entry.pid == os.getpid()]
        overdue = {
            (entry.job, entry.lease): entry for entry in [*in_threads.entries(), *own] if entry.until < latest
        }
        self._ended &= overdue.keys()
        for key in overdue.keys() - self._ended:
            _end(overdue[key])
            self._ended.add(key)


@transaction.atomic
def _end(entry: Entry) -> None:
    """Let the job fail as if it had listened, and give back those that wait behind it in its bundle."""
    claim = transitions.held(entry.job, entry.lease)
    if claim is None:
        return  # it ended just now, or was taken back
    bundles = Bundle.objects.filter(ids__contains=[entry.job]).values_list("ids", flat=True)
    beside = {job_id for ids in bundles for job_id in ids} - {entry.job}
    if beside:
        transitions.hand_back(process.worker_id(), entry.pid, only=beside)
    limit = timedelta(seconds=round(entry.until - entry.since, 3))
    error = TimedOut(
        f"It ran longer than its limit of {limit} and did not stop; what it still does is not kept."
    )
    word, outcome = failure(registry.get(claim.kind).retry_policy, claim, error)
    if outcome():
        log.warning(
            "job %s is %s: its body did not stop at its limit, and keeps its thread busy", entry.job, word
        )
