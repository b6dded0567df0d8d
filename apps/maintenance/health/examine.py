"""The whole examination: every part is looked at, whatever the others say."""

from collections.abc import Callable
from typing import Final

from apps.maintenance.health import clock, disk, processes, servers, waiting
from apps.maintenance.health.finding import Finding, Level

CHECKS: Final[tuple[Callable[[], Finding], ...]] = (
    servers.database,
    servers.broker,
    clock.clock,
    disk.disk,
    processes.workers,
    processes.keeper,
    processes.beat,
    processes.schedules,
    waiting.waiting,
    servers.web,
)


class NotWell(Exception):  # noqa: N818
    """Something is not well; the message names it and how to mend it."""


def examine() -> dict[str, str]:
    """Look at everything and return what was found, by its name; raise NotWell when something is wrong."""
    findings = [look() for look in CHECKS]
    troubles = [
        f"{finding.name}: {finding.what}. {finding.mend}"
        for finding in findings
        if finding.level is Level.WRONG
    ]
    if troubles:
        raise NotWell(" ".join(troubles))
    return {finding.name: finding.what for finding in findings}
