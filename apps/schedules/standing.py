"""How a schedule stands: on, off, paused, late, set aside or at its end."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from apps.lib import words
from apps.schedules.row import Row

LATE = timedelta(minutes=1)  # a beat takes a moment within a second or two


class Standing(NamedTuple):
    """A word, and what else there is to say."""

    word: str
    more: str = ""


def standing(row: Row, now: datetime) -> Standing:
    """Say how a schedule stands; the first that holds."""
    if not row.enabled:
        return Standing("off")
    if row.problem:
        return Standing("set aside", row.problem)
    if row.paused_until is not None and row.paused_until > now:
        return Standing(
            "paused",
            f"until {words.day_and_time(timezone.localtime(row.paused_until), timezone.localtime(now))}",
        )
    if row.next_at is None:
        return Standing("ended", "No further runs.") if row.timing else Standing("new")
    if now - row.next_at > LATE:
        return Standing(
            "late", f"It should have run {words.span(now - row.next_at)} ago. Check that a beat is running."
        )
    return Standing("on")
