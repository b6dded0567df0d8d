"""What changed between two versions of a schedule, as a table."""

import json
from collections.abc import Iterable, Mapping

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.schedules.models.version import Version
from apps.schedules.versions import Change, changes

_WORDS = {
    "cron": "crontab line",
    "timezone": "time zone",
    "every": "interval",
    "at": "clocked time",
    "start_time": "start",
    "missed": "missed runs",
    "missed_cap": "missed runs at most",
    "overlap": "while the previous run is running",
    "jitter_s": "jitter in seconds",
    "paused_until": "paused until",
    "max_runs": "runs at most",
}
_DEFAULT = "default"
_TEMPLATE = "admin/schedules/changes.html"


def draw(before: Mapping[str, object], after: Mapping[str, object]) -> SafeString:
    """Draw what differs, from what it was to what it is."""
    return render_to_string(_TEMPLATE, {"changes": told(changes(before, after))})


def told(found: Iterable[Change]) -> list[tuple[str, str, str]]:
    """Return changes as a person reads them: what, was, is."""
    return [(_name(change), _told(change.before), _told(change.after)) for change in found]


def in_a_line(version: Version, before: Mapping[str, object] | None) -> str:
    """Say in a few words what a version changed."""
    if version.how == Version.How.DELETED:
        return "deleted"
    if before is None:
        return "first version"
    found = [
        f"{what}: {was or _DEFAULT} → {now or _DEFAULT}"
        for what, was, now in told(changes(before, version.document))
    ]
    return "; ".join(found) or "created again"


def _name(change: Change) -> str:
    return _WORDS.get(change.what, change.what.replace("_", " "))


def _told(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
