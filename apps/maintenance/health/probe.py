"""Alerts over HTTP: `/alerts` and `backline_alert...` in `/metrics` of every process that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, connection

from apps.jobs import health, sql
from apps.jobs.operating import alerts
from apps.jobs.operating.not_started import Cause
from apps.maintenance.health import servers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


def listen() -> None:
    """Add both to what a process answers."""
    health.add_page("/alerts", page)
    health.add_metrics(metrics)


def page() -> tuple[int, str]:
    """Answer 200 when nothing keeps jobs from starting, else 503 with each cause and what to do."""
    causes = _current()[0]
    if not causes:
        return 200, "no alerts\n"
    return 503, "".join(f"{cause.sentence} {cause.mend}\n" for cause in causes)


def metrics() -> str:
    """Return the causes as Prometheus reads them."""
    causes, now = _current()
    families: tuple[tuple[str, str, Callable[[Cause], float]], ...] = (
        ("alert", "Causes for which jobs do not start, or may not soon.", lambda _: 1),
        ("alert_jobs", "Jobs that wait for it, counted up to 10,001.", lambda cause: cause.jobs),
        ("alert_oldest_seconds", "Since the oldest of them was enqueued.", lambda cause: _age(cause, now)),
    )
    told = ["# HELP backline_alerts How many causes there are.\n# TYPE backline_alerts gauge\n"]
    told.append(f"backline_alerts {len(causes)}\n")
    for name, sentence, value in families:
        told.append(f"# HELP backline_{name} {sentence}\n# TYPE backline_{name} gauge\n")
        told += [f"backline_{name}{{{_labels(cause)}}} {value(cause):g}\n" for cause in causes]
    return "".join(told)


def _current() -> tuple[list[Cause], datetime | None]:
    """Read over a session of this thread's own, which ends with the answer."""
    try:
        [(now,)] = sql.run("clock", {})
        return alerts.current(), now
    except (DatabaseError, InterfaceError) as error:
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        sentence = f"The database does not answer: {reason[0]}."
        mend = servers.mend_of(error, "Start PostgreSQL. Outcomes wait for it.")
        return [Cause("database", sentence, mend)], None
    finally:
        connection.close()


def _age(cause: Cause, now: datetime | None) -> float:
    if cause.oldest_at is None or now is None:
        return 0.0
    return max((now - cause.oldest_at).total_seconds(), 0.0)


def _labels(cause: Cause) -> str:
    pairs = (("reason", cause.reason), ("queue", cause.queue), ("kind", cause.kind))
    return ",".join(f'{name}="{health.label(value)}"' for name, value in pairs)
