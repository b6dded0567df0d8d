"""Schedules that job types declare: `@job(cron="17 3 * * *")` becomes a PeriodicTask that an admin may edit.

What was declared is remembered, so that an edit can be told from a change of the code: where
the schedule still says what was declared, the code leads; where it says something else, the admin does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django_celery_beat.models import PeriodicTask

from apps.jobs import registry
from apps.schedules.crontab import parse_line, spelled_out
from apps.schedules.models.declaration import Declaration
from apps.schedules.models.version import Version
from apps.schedules.timing_rows import crontab_row, line_of
from apps.schedules.versions import record

_LOCK = 0x73796E63  # "sync": two at once must not both make a schedule


@dataclass(frozen=True, slots=True)
class Declared:
    """What a job type's code says about when it runs."""

    kind: str
    line: str
    timezone: str
    description: str


def declared() -> Iterator[Declared]:
    """Yield the schedules that job types declare; raise BadCrontab for a line that cannot run."""
    for kind, task in sorted(registry.kinds().items()):
        if task.cron is not None:
            parse_line(task.cron, task.cron_timezone)
            first_line = (task.__doc__ or "").strip().partition("\n")[0]
            yield Declared(kind, spelled_out(task.cron), task.cron_timezone, first_line)


def sync() -> list[str]:
    """Bring declared schedules into django-celery-beat's tables; return a sentence for each change.

    Running it twice, or twice at once, changes nothing more.
    """
    wanted = {one.kind: one for one in declared()}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        known = {known.kind: known for known in Declaration.objects.all()}
        sentences = [_bring_in(one, known.get(one.kind)) for one in wanted.values()]
        sentences += [_withdraw(old) for kind, old in known.items() if kind not in wanted]
    return [sentence for sentence in sentences if sentence]


def departure(schedule_id: int) -> Declaration | None:
    """Return what the code says of a schedule that an admin gave another timing; None where both agree."""
    known = Declaration.objects.filter(schedule_id=schedule_id).first()
    return known if known is not None and _unedited(known) is None else None


def is_declared(schedule_id: int) -> bool:
    """Say whether code declares this schedule."""
    return Declaration.objects.filter(schedule_id=schedule_id).exists()


def put_back(schedule_id: int, *, by: str) -> bool:
    """Give a schedule the timing that its code declares again; say whether it had another."""
    with transaction.atomic():
        known = departure(schedule_id)
        if known is None:
            return False
        record([schedule_id], Version.How.ELSEWHERE)
        schedule = PeriodicTask.objects.get(pk=schedule_id)
        schedule.crontab = crontab_row(known.line, known.timezone)
        schedule.interval = schedule.clocked = schedule.solar = None
        schedule.save()
        record([schedule_id], Version.How.CODE, by=by)
    return True


def _bring_in(one: Declared, known: Declaration | None) -> str:
    if known is None:
        return _create(one)
    if (known.line, known.timezone) == (one.line, one.timezone):
        return ""
    changed = _follow_the_code(one, known)
    known.line, known.timezone = one.line, one.timezone
    known.save()
    return changed


def _create(one: Declared) -> str:
    if PeriodicTask.objects.filter(name=one.kind).exists():
        return f"{one.kind}: a schedule of this name already exists and is kept unchanged."
    schedule = PeriodicTask.objects.create(
        name=one.kind,
        task=one.kind,
        crontab=crontab_row(one.line, one.timezone),
        description=one.description,
    )
    Declaration.objects.create(kind=one.kind, schedule=schedule, line=one.line, timezone=one.timezone)
    record([schedule.pk], Version.How.CODE)
    return f"{one.kind}: now runs at {one.line} {one.timezone}."


def _follow_the_code(one: Declared, known: Declaration) -> str:
    """Change the crontab of a schedule that nobody edited; leave everything else an admin may have set."""
    schedule = _unedited(known)
    if schedule is None:
        return f"{one.kind}: the code now declares {one.line} {one.timezone}; the admin's edit is kept."
    schedule.crontab = crontab_row(one.line, one.timezone)
    schedule.save(update_fields=["crontab", "date_changed"])
    record([schedule.pk], Version.How.CODE)
    return f"{one.kind}: now runs at {one.line} {one.timezone} instead of {known.line} {known.timezone}."


def _withdraw(known: Declaration) -> str:
    """Switch off the schedule of a job type that no longer declares one; forget the declaration."""
    schedule = _unedited(known)
    known.delete()
    if schedule is None or not schedule.enabled:
        return ""
    schedule.enabled = False
    schedule.save()
    record([schedule.pk], Version.How.CODE)
    return f"{known.kind}: its code no longer declares a schedule; it was disabled."


def _unedited(known: Declaration) -> PeriodicTask | None:
    """Return the schedule unless an admin deleted it or gave it another timing."""
    schedule = PeriodicTask.objects.select_related("crontab").filter(pk=known.schedule_id).first()
    if schedule is None or schedule.crontab is None:
        return None
    same = (line_of(schedule.crontab), str(schedule.crontab.timezone)) == (known.line, known.timezone)
    return schedule if same else None
