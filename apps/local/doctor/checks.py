"""The checks, in the order in which a person would look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import redis
from django.db import DatabaseError, InterfaceError
from kombu.exceptions import KombuError

from apps.local.doctor import broker, browser, data, database, machine, programs, supervisor
from apps.local.servers.errors import ServerError
from apps.maintenance.health import clock, processes, servers, waiting
from apps.maintenance.health.finding import Finding, Level, note, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Check:
    """A name, what looks, and the check without whose success there is nothing to look at."""

    name: str
    look: Callable[[Path], Finding]
    needs: str = ""


CHECKS: Sequence[Check] = (
    Check("Python", machine.python),
    Check("packages", programs.packages),
    Check("PostgreSQL program", programs.postgres),
    Check("Valkey program", programs.valkey),
    Check("disk", machine.disk),
    Check("ports", machine.ports),
    Check("data", data.cluster),
    Check("permissions", data.permissions),
    Check("login", data.login),
    Check("supervisor", supervisor.supervisor),
    Check("database", database.reachable),
    Check("database settings", database.settled, needs="database"),
    Check("migrations", database.migrations, needs="database"),
    Check("database writes", database.writes, needs="database"),
    Check("clock", lambda _: clock.clock(), needs="database"),
    Check("broker", broker.reachable),
    Check("broker settings", broker.settled, needs="broker"),
    Check("workers", lambda _: processes.workers(), needs="migrations"),
    Check("keeper", lambda _: processes.keeper(), needs="migrations"),
    Check("beat", lambda _: processes.beat(), needs="migrations"),
    Check("schedules", lambda _: processes.schedules(), needs="migrations"),
    Check("waiting jobs", lambda _: waiting.waiting(), needs="migrations"),
    Check("browser", browser.chromium),
)

# What a check may meet when the thing it looks at is not there.
_EXPECTED = (OSError, DatabaseError, InterfaceError, redis.RedisError, KombuError)


def examine(project: Path) -> list[Finding]:
    """Run every check; one that cannot look says so, and what leans on a failed one is not looked at."""
    findings: dict[str, Finding] = {}
    for check in CHECKS:
        findings[check.name] = _examine(check, project, findings)
    return list(findings.values())


def is_well(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing is wrong."""
    return all(finding.level is not Level.WRONG for finding in findings)


def _examine(check: Check, project: Path, before: Mapping[str, Finding]) -> Finding:
    if check.needs and before[check.needs].level is not Level.OK:
        return note(check.name, f"not looked at, since this needs: {check.needs}")
    try:
        return check.look(project)
    except ServerError as error:
        return wrong(check.name, error.what, error.mend)
    except _EXPECTED as error:
        reason = str(error).strip().splitlines()
        return wrong(
            check.name,
            f"cannot look: {reason[0] if reason else type(error).__name__}",
            servers.mend_of(error, "Run: make up"),
        )
