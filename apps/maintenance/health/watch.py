"""Watch over the installation: the keeper opens and closes alerts, which needs no job on a stuck queue."""

from collections.abc import Callable, Iterator
from typing import Final

from django.db import transaction

from apps.events import emit_many
from apps.jobs.operating import alerts, engine, not_started
from apps.jobs.operating.not_started import Cause
from apps.maintenance.events import AlertClosed, AlertOpened
from apps.maintenance.health import clock, disk, processes, servers
from apps.maintenance.health.finding import Finding, Level

_CHECKS: Final[tuple[Callable[[], Finding], ...]] = (
    servers.database,
    servers.broker,
    processes.workers,
    processes.beat,
    processes.schedules,
    disk.disk,
    clock.clock,
)


def watch() -> int:
    """Look, and keep what was found; return how many alerts were opened or closed."""
    now = engine.engine()
    causes = [*_wrong(), *now.causes(), *now.failures()[:1], *not_started.look().causes]
    with transaction.atomic():
        opened, closed = alerts.keep(causes)
        emit_many(
            AlertOpened(
                reason=row.reason, queue=row.queue, kind=row.kind, sentence=row.sentence, mend=row.mend
            )
            for row in opened
        )
        emit_many(
            AlertClosed(reason=row.reason, queue=row.queue, kind=row.kind, sentence=row.sentence)
            for row in closed
        )
    return len(opened) + len(closed)


def _wrong() -> Iterator[Cause]:
    for check in _CHECKS:
        try:
            finding = check()
        except OSError as error:  # a directory that cannot be read must not hide the other findings
            yield Cause(
                check.__name__, f"The check {check.__name__} fails: {error}.", "Read the keeper's log."
            )
            continue
        if finding.level is Level.WRONG:
            sentence = f"{finding.name[:1].upper()}{finding.name[1:]}: {finding.what}."
            yield Cause(finding.name, sentence, finding.mend)
