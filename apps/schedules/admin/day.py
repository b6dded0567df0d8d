"""The page of a simulated day: every schedule over 24 hours, and the minutes that would be hot."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from apps.jobs.worker import workers
from apps.lib import words
from apps.schedules import sql
from apps.schedules.day import MINUTES, Day, Line, simulate
from apps.schedules.row import read

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

_SHOWN = 40
_MOST = 20_000  # schedules that are simulated: a million one-off ones took half a minute
_HEIGHT = 60  # of the strip of starts
_MOST_BARS = 288  # in a line: one for five minutes; more are drawn as one


def show(request: HttpRequest, model_admin: "ModelAdmin[Any]") -> HttpResponse:
    """Show a day in the site's zone, today unless the address names another."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    zone = ZoneInfo(settings.TIME_ZONE)
    day = _asked(request.GET.get("day", ""), timezone.now().astimezone(zone).date())
    drawn = draw(day, zone)
    context = model_admin.admin_site.each_context(request) | {
        "title": f"A day of schedules: {day:%A} {day.day} {day:%B %Y}",
        "opts": model_admin.opts,
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "zone": zone,
    }
    return TemplateResponse(request, "admin/schedules/day.html", context | drawn)


def draw(day: date, zone: ZoneInfo) -> dict[str, Any]:
    """Return what the page draws: the strip of all starts, and the busiest schedules, each in a line."""
    ids, left_out = _may_run_on(day, zone)
    usual = {pk: timedelta(seconds=seconds) for pk, seconds in sql.run("usual", {"ids": ids})}
    children = workers.places()
    simulated = simulate(read(ids), usual, day=day, zone=zone, children=children)
    shown = simulated.lines[:_SHOWN]
    return {
        "strip": _strip(simulated),
        "hours": [(hour * 60, f"{hour:02}") for hour in range(0, 25, 3)],
        "hot": _hot(simulated, zone),
        "lines": [(line, _bars(line, simulated.start), *_told(line, zone)) for line in shown],
        "more": len(simulated.lines) - len(shown),
        "left_out": left_out,
        "moments": sum(simulated.starts),
        "children": children,
    }


def _may_run_on(day: date, zone: ZoneInfo) -> tuple[list[int], int]:
    """Return the schedules to simulate, and how many more there are.

    Those that run again and again come before those whose only moment is on this day, the earliest first.
    """
    start = datetime.combine(day, time(), zone)
    is_today = Q(plan__next_at__range=(start, start + timedelta(days=1)))
    repeats = Q(one_off=False, clocked=None)
    enabled = PeriodicTask.objects.filter(enabled=True)
    found = list(enabled.filter(repeats).order_by("pk").values_list("pk", flat=True)[:_MOST])
    once = enabled.filter(is_today).exclude(repeats).order_by("plan__next_at", "pk")
    found += once.values_list("pk", flat=True)[: _MOST - len(found)]
    return found, enabled.filter(is_today | repeats).count() - len(found)


def _strip(day: Day) -> list[tuple[int, float, float, bool]]:
    """Return a bar for each minute in which something starts: place, top, height, whether it is hot."""
    most = max((*day.starts, 1))
    bars = [(minute, _HEIGHT * count / most, minute in day.hot) for minute, count in enumerate(day.starts)]
    return [
        (minute, round(_HEIGHT - height, 1), round(height, 1), hot) for minute, height, hot in bars if height
    ]


def _hot(day: Day, zone: ZoneInfo) -> list[tuple[datetime, int, int]]:
    """Return the hottest minutes: when, how many start at one moment, how many run."""
    ranked = sorted(day.hot, key=lambda minute: -max(day.crowds[minute], day.running[minute]))
    return [
        (_clock(day.start, minute, zone), day.crowds[minute], round(day.running[minute]))
        for minute in sorted(ranked[:10])
    ]


def _clock(start: datetime, minute: int, zone: ZoneInfo) -> datetime:
    return (start + timedelta(minutes=minute)).astimezone(zone)


def _bars(line: Line, start: datetime) -> list[tuple[float, float]]:
    """Return where the runs of a schedule lie in the day, in minutes: place and width, at least visible."""
    width = max((line.usual or timedelta()) / timedelta(minutes=1), 2.0)
    places = [(moment - start) / timedelta(minutes=1) for moment in line.moments]
    if len(places) > _MOST_BARS:
        return [(0, MINUTES)]
    return [(round(place, 2), round(min(width, MINUTES - place), 2)) for place in places]


def _told(line: Line, zone: ZoneInfo) -> tuple[datetime, str, str]:
    usual = words.span(line.usual) if line.usual is not None else ""
    busy = words.span(line.busy) if line.usual is not None else ""
    return line.moments[0].astimezone(zone), usual, busy


def _asked(text: str, today: date) -> date:
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return today
    return asked if date(1971, 1, 1) < asked < date(9000, 1, 1) else today
