"""The time by which things are forgotten: neither the database's clock nor ours may make that too early."""

from datetime import UTC, datetime

from apps.jobs import sql


def earliest_now() -> datetime:
    """Return what the slower of the two clocks shows."""
    [(databases_now,)] = sql.run("clock", {})
    now: datetime = min(databases_now, datetime.now(UTC))
    return now
