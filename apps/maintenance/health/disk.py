"""Check of the disk: uploads, files and backups need room, and so does an embedded database."""

import shutil
from pathlib import Path

from django.conf import settings

from apps.lib.words import size
from apps.maintenance.health.finding import Finding, well, wrong


def disk() -> Finding:
    """Check that there is room where this process writes files."""
    return disk_at(*disk_places())


def disk_places() -> tuple[Path, ...]:
    """Return the directories in which this process writes."""
    return (
        settings.STATE_DIR,
        settings.BACKLINE_UPLOADS_DIR,
        settings.BACKLINE_ARTIFACTS_DIR,
        settings.BACKLINE_BACKUPS_DIR,
    )


def disk_at(*places: Path) -> Finding:
    """Check the tightest of these places."""
    tightest = min(places, key=free)
    left, least = free(tightest), settings.BACKLINE_DISK_FREE_MB * 1_000_000
    if left < least:
        mend = "Free some space, or lower BACKLINE_DISK_FREE_MB."
        return wrong("disk", f"only {size(left)} free for {tightest}, less than {size(least)}", mend)
    return well("disk", f"{size(left)} free for {tightest}")


def free(place: Path) -> int:
    """Return how many bytes are free there, or where its first parent is that exists."""
    existing = next(path for path in (place, *place.parents) if path.exists())
    return shutil.disk_usage(existing).free
