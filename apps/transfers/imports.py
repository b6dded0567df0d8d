"""Starts imports."""

from django.db import transaction

from apps.jobs import enqueue, origin
from apps.transfers.models import Import, Upload
from apps.transfers.models.import_ import Encoding


def start_import(upload: Upload, *, kind: str, encoding: str = Encoding.UTF_8) -> Import:
    """Enqueue the job of this kind for an upload, in the caller's transaction; both rows appear or neither.

    Say where the wish comes from with ``apps.jobs.origin`` around the call.
    """
    with transaction.atomic(), origin(owner_id=upload.owner_id, subject=upload.name):
        run = Import.objects.create(upload=upload, kind=kind, encoding=Encoding(encoding))
        run.job_id = enqueue(kind, import_id=run.pk)
        run.save(update_fields=["job_id"])
    return run
