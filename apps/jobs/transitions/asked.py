"""What a person asks of a job from outside."""

from uuid import UUID

from apps.jobs import sql
from apps.jobs.states import State


def cancel(job_id: UUID) -> State | None:
    """Cancel a waiting job at once, or ask a running one to stop; return its state, None if it had ended."""
    rows = sql.run("cancel", {"id": job_id})
    return State(rows[0][0]) if rows else None
