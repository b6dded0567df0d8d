"""The columns of the list of schedules: how each stands, when it runs, what came of its last moments."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat.models import PeriodicTask

from apps.lib import words
from apps.schedules.admin.look_ahead import in_words
from apps.schedules.preview import next_run
from apps.schedules.row import Row, read
from apps.schedules.standing import standing
from apps.schedules.summary import NOTHING, summaries

_SHOWN = 20


class SummedChangeList(ChangeList):
    """A page of schedules, each with its row and a summary: two more statements a page, however long."""

    def get_results(self, request: HttpRequest) -> None:
        """Read what the columns show for the page's schedules at once."""
        super().get_results(request)
        page: list[Any] = list(self.result_list)
        ids = [schedule.pk for schedule in page]
        rows = {row.id: row for row in read(ids)}
        summed = summaries(ids)
        for schedule in page:
            schedule.row = rows.get(schedule.pk, Row())
            schedule.summary = summed.get(schedule.pk, NOTHING)
        self.result_list = page


def row_of(schedule: PeriodicTask) -> Row:
    """Return the row of a schedule: laid on it with its page, or read now."""
    if not hasattr(schedule, "row"):
        schedule.row = next(iter(read([schedule.pk])), Row()) if schedule.pk else Row()
    row: Row = schedule.row
    return row


class Columns:
    """Columns that read what SummedChangeList laid on each schedule."""

    def action_checkbox(self, schedule: PeriodicTask) -> SafeString:
        """Return the box of the actions, without the schedule's own text, which would read its timing."""
        label = f"Select {schedule.name} for an action"
        box = forms.CheckboxInput({"class": "action-select", "aria-label": label}, lambda _: False)
        return box.render(ACTION_CHECKBOX_NAME, str(schedule.pk))

    @admin.display(description="name", ordering="name")
    def called(self, schedule: PeriodicTask) -> SafeString | str:
        """Return its name, and its task where that is called otherwise."""
        if schedule.task == schedule.name:
            return str(schedule.name)
        return format_html('{}<br><span class="mono">{}</span>', schedule.name, schedule.task)

    @admin.display(description="state")
    def stands(self, schedule: PeriodicTask) -> SafeString:
        """Return how it stands, in a word and with the reason."""
        word, more = standing(row_of(schedule), timezone.now())
        return format_html('<span class="stands {}">{}</span> {}', word.replace(" ", "-"), word, more)

    @admin.display(description="runs")
    def timing(self, schedule: PeriodicTask) -> SafeString:
        """Return when it runs, in words and as it was typed."""
        row: Row = schedule.row
        if row.crontab is None:
            return format_html("{}", in_words(row))
        *line, zone = row.crontab
        return format_html(
            '{}<br><span class="mono">{}</span> {}', _in_words(tuple(row.crontab)), " ".join(line), zone
        )

    @admin.display(description="next run", ordering="plan__next_at")
    def next_run(self, schedule: PeriodicTask) -> str:
        """Return when it runs next, in the site's zone."""
        return _told(next_run(row_of(schedule), timezone.now()))

    @admin.display(description="last run", ordering="last_run_at")
    def last_run(self, schedule: PeriodicTask) -> str:
        """Return when it ran last, in the site's zone."""
        return _told(schedule.last_run_at)

    @admin.display(description="last 20")
    def last_moments(self, schedule: PeriodicTask) -> SafeString:
        """Return a stroke for each of its last moments."""
        newest_last = schedule.summary.came[::-1]
        told = ", ".join(f"{count} {word}" for word, count in schedule.summary.words.most_common())
        context = {"came": list(enumerate(newest_last, _SHOWN - len(newest_last))), "told": told}
        return render_to_string("admin/schedules/last_moments.html", context)

    @admin.display(description="takes")
    def usual(self, schedule: PeriodicTask) -> str:
        """Return how long its jobs take on average."""
        took = schedule.summary.usual
        return words.span(took) if took is not None else ""

    @admin.display(description="missed, skipped")
    def passed_over(self, schedule: PeriodicTask) -> str:
        """Return how many of the last moments were missed, and how many were skipped."""
        missed, overlapped = schedule.summary.missed, schedule.summary.overlapped
        return f"{missed}, {overlapped}" if missed or overlapped else ""


def _told(moment: datetime | None) -> str:
    return words.day_and_time(timezone.localtime(moment), timezone.localtime()) if moment else ""


@lru_cache(maxsize=4096)
def _in_words(crontab: tuple[str, ...]) -> str:
    return in_words(Row(crontab=list(crontab)))
