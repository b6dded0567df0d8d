"""Check of the waiting jobs: those that should have started and did not."""

from apps.jobs.operating.not_started import look
from apps.lib.words import count
from apps.maintenance.health.finding import Finding, well, wrong


def waiting() -> Finding:
    """Check that every job that waits can be started by a live worker."""
    standing = look()
    if standing.causes:
        sentences = " ".join(cause.sentence for cause in standing.causes)
        mends = " ".join(dict.fromkeys(f"{cause.mend.rstrip('.')}." for cause in standing.causes))
        return wrong("waiting jobs", sentences.rstrip("."), mends)
    return well("waiting jobs", f"{count(standing.count(), 'job')} waiting, all can start")
