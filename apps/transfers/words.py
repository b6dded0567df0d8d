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


def outcome(run: Import, title: tuple[str, str]) -> str:
    """Return what came of an import that reached its end; ``title`` is what one row is and what many are."""
    changed = run.created + run.updated + sum(sum(counts.values()) for counts in run.details.values())
    good = run.rows_read - run.rejected
    rows = title[0] if good == 1 else title[1]
    rejected = _rejected(run)
    if not good:
        return f"No {rows} imported. {rejected}"
    if not changed:
        all_of = "The one" if good == 1 else f"All {good:,}"
        return f"{all_of} {rows} {_was(good)} unchanged. {rejected}".rstrip()
    counts = [
        f"{count:,} {word}"
        for count, word in ((run.created, "new"), (run.updated, "updated"), (run.unchanged, "unchanged"))
        if count
    ]
    return f"{good:,} {rows} imported: {', '.join(counts)}. {rejected}".rstrip()


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _rejected(run: Import) -> str:
    if not run.rejected:
        return ""
    what = "it, correct it and upload it" if run.rejected == 1 else "them, correct them and upload them"
    rows = "row" if run.rejected == 1 else "rows"
    return f"{run.rejected:,} {rows} {_was(run.rejected)} rejected: download {what}."
