"""From a list in the admin to what is meant: the ticked rows, or all that the list's filters let through.

The choice travels in the address of the page that asks: it can be read there, and sent to a colleague.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.states import State

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

_USUAL_DAYS = 7  # as the filter of ages shows when nothing was chosen
_NAMES = ("ids", "all", "kind", "tenant", "fingerprint", "state", "since", "until", "discarded")


def to_question(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, verb: str
) -> HttpResponseRedirect | None:
    """Send a list's action on to the page that asks; None when what is meant cannot be said."""
    if request.POST.get("select_across") != "1":
        query = {"ids": ",".join(request.POST.getlist("_selected_action"))}
    elif request.GET.get("q"):
        words = "An action cannot apply to all results of a search. Select them, or use the filters."
        model_admin.message_user(request, words, messages.ERROR)
        return None
    else:
        query = _filters_of_the_list(request.GET)
    name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_ask"
    return HttpResponseRedirect(f"{reverse(name, args=[verb])}?{urlencode(query)}")


def chosen_in(query: Mapping[str, str]) -> JobFilter:
    """Return which jobs an address means; one that cannot be read means none."""
    try:
        given = _given(query) | _states(query.get("state", ""))
    except ValueError:
        return JobFilter(ids=())
    return JobFilter(**given)


def letters_in(query: Mapping[str, str]) -> Filter:
    """Return which dead letters an address means; one that cannot be read means none."""
    try:
        return Filter(**_given(query), discarded=query.get("discarded") == "1")
    except ValueError:
        return Filter(ids=())


def _filters_of_the_list(shown: Mapping[str, str]) -> dict[str, str]:
    days = shown.get("days", str(_USUAL_DAYS))
    since = timezone.now() - timedelta(days=int(days)) if days.isdecimal() and len(days) < 5 else None
    asked = {
        "kind": shown.get("kind", ""),
        "state": shown.get("state__exact", ""),
        "since": since.isoformat(timespec="seconds") if since else "",
        "discarded": "1" if shown.get("decision") == "discarded" else "",
    }
    return {name: value for name, value in asked.items() if value} or {"all": "1"}


def _given(query: Mapping[str, str]) -> dict[str, Any]:
    """Return what is given; raise ValueError for nothing, and for what cannot be read: it may not widen."""
    if not any(query.get(name) for name in _NAMES):
        raise ValueError("Nothing says which are meant.")
    given: dict[str, Any] = {
        name: query[name] for name in ("kind", "tenant", "fingerprint") if query.get(name)
    }
    given |= {name: _moment(query[name]) for name in ("since", "until") if query.get(name)}
    if query.get("ids"):
        given["ids"] = tuple(UUID(text) for text in query["ids"].split(","))
    return given


def _states(text: str) -> dict[str, frozenset[State]]:
    return {"states": frozenset({State(int(text))})} if text else {}


def _moment(text: str) -> datetime:
    read = parse_datetime(text)
    if read is None:
        raise ValueError(f"{text!r} is no moment.")
    return timezone.make_aware(read) if timezone.is_naive(read) else read
