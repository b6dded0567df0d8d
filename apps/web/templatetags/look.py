"""Template tags for the look: icons, states, times, durations."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.jobs.states import State
from apps.lib import words
from apps.web.shown.state_words import state_word
from apps.web.shown.verdict import Verdict

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon of the sprite."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def state(value: int, extra: str = "", verdict: Verdict | None = None) -> SafeString:
    """Draw a state, or the verdict in its place: icon, word, colour."""
    name = State(value).label
    words, tone, drawn = (
        (verdict.words, verdict.tone, verdict.icon) if verdict else (state_word(value), name, name)
    )
    return format_html('<span class="state is-{} {}">{}{}</span>', tone, extra, icon(drawn), words)


@register.filter
def state_name(value: int) -> str:
    """Name a state as pages for people do."""
    return state_word(value)


@register.filter
def clock(moment: datetime | None) -> SafeString | str:
    """Show a time of the day; the whole moment is in the tooltip."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        words.whole(local),
        local.strftime("%H:%M:%S"),
    )


@register.filter
def logged(moment: datetime, days: bool) -> SafeString:
    """Show a time in a log, with the day where lines may be days apart."""
    local = timezone.localtime(moment)
    text = f"{local.day} {local:%b %Y, %H:%M:%S}" if days else f"{local:%H:%M:%S}"
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(timespec="milliseconds"), text)


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Show a moment as a person says it: the day only when it is not today."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    text = words.day_and_time(local, timezone.localtime())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        words.whole(local),
        text,
    )


@register.filter
def span(value: timedelta | None) -> str:
    """Show a duration in its two largest units."""
    return "" if value is None else words.span(value)


@register.filter
def size(value: int | None) -> str:
    """Show a number of bytes."""
    return "" if value is None else words.size(value)
