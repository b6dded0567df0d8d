"""What the form of a schedule shows of the time to come."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django_celery_beat.models import IntervalSchedule

from apps.lib import words
from apps.schedules.crontab import BadCrontab, parse_line
from apps.schedules.crontab_words import described
from apps.schedules.durations import Durations
from apps.schedules.preview import Upcoming, shortest_gap, upcoming, zone_of
from apps.schedules.row import Row
from apps.schedules.timing import Untimely

_SHOWN = 10
_LOOKED_AT = 100  # moments, for the shortest time between two


def look_ahead(row: Row, now: datetime, *, was: Row | None, took: Durations | None) -> Mapping[str, Any]:
    """Return what the template shows: the timing in words, the next moments, what changes, what overlaps."""
    try:
        moments = upcoming(row, now, _LOOKED_AT)
    except Untimely as error:
        return {"problem": str(error)}
    return {
        "words": in_words(row),
        "zone": zone_of(row),
        "here": timezone.get_current_timezone(),
        "moments": [(moment, words.about(moment.at - now)) for moment in moments[:_SHOWN]],
        "change": _change(row, was, moments, now) if was else "",
        "room": _room(moments, took) if took else "",
    }


def in_words(row: Row) -> str:
    """Return a timing in plain words."""
    if row.crontab:
        *line, zone = row.crontab
        try:
            parsed = parse_line(" ".join(line), zone)
        except BadCrontab:
            return " ".join(line)  # as somebody wrote it by SQL
        return described(" ".join(line), parsed)
    if row.every is not None:
        return words.sentence_case(str(IntervalSchedule(every=row.every, period=row.period)))
    if row.solar is not None:
        event, latitude, longitude = row.solar
        return f"At {event.replace('_', ' ')} in {float(latitude):g}, {float(longitude):g}"
    return "Once"


def _change(row: Row, was: Row, moments: list[Upcoming], now: datetime) -> str:
    try:
        before = upcoming(was, now, 1)
    except Untimely:
        before = []
    old, new = (_first(before), _first(moments))
    if old == new and in_words(was) == in_words(row):
        return ""
    return f"Was: {in_words(was)}. The next run was {old or 'never'} and would be {new or 'never'}."


def _first(moments: list[Upcoming]) -> str:
    return words.whole(timezone.localtime(moments[0].at)) if moments else ""


def _room(moments: list[Upcoming], took: Durations) -> str:
    gap = shortest_gap(moments)
    usual, longest = words.span(took.usual), words.span(took.longest)
    told = f"Its last {words.count(took.runs, 'run')} took {usual} on average, {longest} at most"
    if gap is None:
        return f"{told}."
    apart = f"the next runs are at least {words.span(gap)} apart"
    if took.usual > gap:
        return f"{told}; {apart}: most runs will overlap."
    if took.longest > gap:
        return f"{told}; {apart}: a slow run can overlap the next."
    return f"{told}; {apart}: runs do not overlap."
