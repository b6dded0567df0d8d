"""End in the ledger what runs past its limit where no process can be killed for it.

That is in a thread, and in the main process of a worker without children. The body goes on until it ends by
itself, but nothing that it still writes counts, and its job need not wait for it. Called by the voice.
"""

import logging
import os
from time import monotonic
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from apps.jobs import process, transitions
from apps.jobs.models.bundle import Bundle
from apps.jobs.models.job import Job
from apps.jobs.running import in_threads
from apps.jobs.running.slate import Entry, Slate
from apps.jobs.worker import overdue

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
        late = {
            (entry.job, entry.lease): entry for entry in [*in_threads.entries(), *own] if entry.until < latest
        }
        self._ended &= late.keys()
        self._ended |= {key for key in late.keys() - self._ended if _end(late[key])}


@transaction.atomic
def _end(entry: Entry) -> bool:
    """Let the job fail, and give back those behind it in its bundle; say whether it is nobody's here now.

    It is still when its body holds its row, in a transaction that may yet end.
    """
    claim = transitions.held(entry.job, entry.lease)
    if claim is None:
        return not Job.objects.filter(pk=entry.job, lease=entry.lease).exists()
    bundles = Bundle.objects.filter(ids__contains=[entry.job]).values_list("ids", flat=True)
    beside = {job_id for ids in bundles for job_id in ids} - {entry.job}
    if beside:
        transitions.hand_back(process.worker_id(), entry.pid, only=beside)
    overdue.fail(claim, entry, "what it still does is not kept")
    log.warning("job %s did not stop at its limit: it ended in the ledger, its thread stays busy", entry.job)
    return True
