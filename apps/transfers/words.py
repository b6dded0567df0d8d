"""What an import says about itself while it runs and when it ends."""

from math import ceil

from apps.transfers.models import Import


def expected(rows: int, read: float) -> int:
    """Estimate the rows of the whole file from the part of its bytes that was read.

    The answer is always more than the rows so far: only the end of an import may say 100 %.
    """
    return max(rows + 1, ceil(rows / min(max(read, 0.001), 0.999)))


def progress(run: Import) -> str:
    """Return a few words about a running import."""
    return f"{run.rejected:,} rejected" if run.rejected else ""


def outcome(run: Import, title: str) -> str:
    """Return what came of an import that reached its end."""
    changed = run.created + run.updated + sum(sum(counts.values()) for counts in run.details.values())
    rejected = _rejected(run)
    if not changed:
        same = f"All {run.unchanged:,} {title} were there already" if run.unchanged else f"No {title} came in"
        return f"{same}: nothing changed. {rejected}".rstrip()
    counts = [
        f"{count:,} {word}"
        for count, word in ((run.created, "new"), (run.updated, "updated"), (run.unchanged, "there already"))
        if count
    ]
    return f"{run.rows_read - run.rejected:,} {title} are in: {', '.join(counts)}. {rejected}".rstrip()


def _rejected(run: Import) -> str:
    if not run.rejected:
        return ""
    rows = "1 row was" if run.rejected == 1 else f"{run.rejected:,} rows were"
    return f"{rows} rejected: download them, mend them and send them again."
