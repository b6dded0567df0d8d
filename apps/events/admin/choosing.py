"""From the list of facts to what is meant: the ticked ones, or all that the list's filters let through."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.events.choosing import FactFilter
from apps.events.event import known
from apps.lib.ids import first_id_of

_UNDERSTOOD = {"days", "event", "p", "o", "_facets"}
_USUAL_DAYS = "7"  # as the filter of ages shows when nothing was chosen


def question_about(request: HttpRequest) -> str:
    """Return the address of the page that asks about what a list's action means; it can be read there."""
    query = {"ids": ",".join(request.POST.getlist("_selected_action"))}
    if request.POST.get("select_across") == "1":
        days = request.GET.get("days", _USUAL_DAYS)
        since = timezone.now() - timedelta(days=int(days)) if days.isdecimal() and len(days) < 5 else None
        query = {
            "all": "1",
            "event": request.GET.get("event", ""),
            "since": since.isoformat(timespec="seconds") if since else "",
        }
    return f"{reverse('admin:events_fact_ask')}?{urlencode(query)}"


def chosen_in(query: Mapping[str, str]) -> FactFilter:
    """Return which facts an address means; one that cannot be read means none."""
    try:
        if query.get("all") == "1":
            return FactFilter(name=_name(query.get("event", "")), since=_moment(query.get("since", "")))
        return FactFilter(ids=tuple(UUID(text) for text in query.get("ids", "").split(",")))
    except ValueError:
        return FactFilter(ids=())


def why_not(request: HttpRequest) -> str:
    """Return why a list's action cannot be carried over to the page that asks; empty when it can."""
    if request.POST.get("select_across") == "1" and set(request.GET) - _UNDERSTOOD:
        return "An action cannot apply to all results of a search. Select the events."
    return ""


def _name(text: str) -> str:
    if text and text not in known():
        raise ValueError(f"No event is called {text!r}.")
    return text


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    read = datetime.fromisoformat(text)
    moment = timezone.make_aware(read) if timezone.is_naive(read) else read
    first_id_of(moment)  # raises for one before there were ids
    return moment
