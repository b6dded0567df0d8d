"""cleanups.expired_uploads: delete uploaded files that were kept long enough."""

from datetime import timedelta

from apps.jobs import Context, job
from apps.shop.order_lines.importer import OrderLineImporter
from apps.transfers.expiry import delete_expired_uploads, delete_orphans, given_up


@job("cleanups.expired_uploads", queue="maintenance", timeout=timedelta(minutes=30), cron="17 3 * * *")
def expired_uploads(ctx: Context) -> dict[str, int]:
    """Delete the files of uploads past their time, and what interrupted uploads and imports left behind.

    The records of the uploads stay, so that an import can still say what it read.
    """
    deleted = 0
    while batch := delete_expired_uploads():
        deleted += batch
        ctx.progress(deleted, note="files deleted")
    for import_id in given_up():
        OrderLineImporter().finish(import_id)
    orphans = delete_orphans()
    ctx.log.info("Deleted %d expired files and %d left behind.", deleted, orphans)
    return {"deleted": deleted, "orphans": orphans}
