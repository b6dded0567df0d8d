"""Whether the keeper, the broker and the database can start jobs at all, by what each last wrote."""

from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from apps.jobs.models.duty import Duty
from apps.jobs.operating.not_started import Cause

SILENT = timedelta(seconds=20)  # a duty's row is written every 5 s
_BROKER_AWAY = "The broker is away"  # how rounds.py begins such an error


def engine() -> list[Cause]:
    """Return why no job may start, whatever its kind: nothing when all three are well."""
    if (cause := read_only()) is not None:
        return [cause]
    fresh = Duty.objects.filter(ran_at__gte=Now() - SILENT)
    if not fresh.filter(name="relay").exists():
        return [KEEPER_DEAD]
    failing = fresh.exclude(error="").order_by("name").first()
    if failing is None:
        return []
    if failing.error.startswith(_BROKER_AWAY):
        sentence = f"The keeper cannot reach the broker: {failing.error.partition(': ')[2]}."
        return [Cause("broker", sentence, "Start the broker. No job is lost meanwhile.")]
    sentence = f"The keeper's task {failing.name} fails: {failing.error}"
    return [Cause("keeper", sentence, "Read the keeper's log.")]


def read_only() -> Cause | None:
    """Return a cause when the database accepts no writes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery()")
        [(is_read_only,)] = cursor.fetchall()
    if not is_read_only:
        return None
    return Cause(
        "database",
        "The database accepts no writes: no job starts or ends.",
        "Free disk space, end the standby mode, or reset default_transaction_read_only.",
    )


KEEPER_DEAD = Cause(
    "keeper", "No keeper is running: waiting jobs, retries and rescues do not start.", "Run: manage.py keeper"
)
