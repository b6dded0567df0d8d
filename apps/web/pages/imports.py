"""Import order lines: the upload form and my imports."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.shop.order_lines.columns import COLUMNS
from apps.transfers import quotas
from apps.transfers.examine import refuse_unreadable
from apps.transfers.imports import start_import
from apps.transfers.models import Import
from apps.transfers.models.import_ import Encoding
from apps.transfers.reading.bad_file import BadFile
from apps.transfers.uploads import store_upload
from apps.web.request import LoggedIn
from apps.web.shown.imports import verdict
from apps.web.shown.numbers import whole_number
from apps.web.shown.verdict import Verdict
from apps.web.visible import visible_to

KIND = "imports.order_lines"
PAGE = 20
_HINTS = {
    Encoding.UTF_8: "What most programs write today; also \u201cCSV UTF-8\u201d of Excel.",
    Encoding.CP1252: "Older exports of Windows programs, such as Excel's plain \u201cCSV\u201d.",
    Encoding.UTF_16: "Excel's \u201cUnicode text\u201d.",
}
_WORDS = {
    "InvoiceNo": "digits; C in front for a cancellation, A for an adjustment",
    "StockCode": "up to 20 letters and digits",
    "Description": "may be empty",
    "Quantity": "a whole number, below zero for returns",
    "InvoiceDate": "YYYY-MM-DD HH:MM",
    "UnitPrice": "pounds, with a point",
    "CustomerID": "digits; empty for a guest",
    "Country": "a name",
}


class UploadForm(forms.Form):
    """A file and how to read it."""

    file = forms.FileField(
        allow_empty_file=True,  # store_upload says it better
        error_messages={"required": "Choose a file first.", "invalid": "Choose a file first."},
    )
    encoding = forms.ChoiceField(
        choices=Encoding.choices,
        error_messages={"invalid_choice": "Choose one of these.", "required": "Choose one of these."},
    )


@dataclass(frozen=True, slots=True)
class Run:
    """One line of my imports."""

    name: str
    counts: Import
    job: Job | None  # old jobs are dropped by the week, their imports stay

    @property
    def verdict(self) -> Verdict | None:
        """Return how it ended where the state of its job misleads."""
        return verdict(self.job, self.counts) if self.job else None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: LoggedIn) -> HttpResponse:
    """Show the upload form and my imports; take a file and start its import."""
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        job_id = _start(form, request.user)
        if job_id is not None:
            return redirect("job", job_id)
        return render(request, "imports/imports.html", _context(request, form), status=422)
    form = UploadForm(initial={"encoding": Encoding.UTF_8})
    return render(request, "imports/imports.html", _context(request, form))


def _start(form: UploadForm, user: User) -> UUID | None:
    """Store the file and enqueue its import; leave the reason in the form when that cannot be."""
    if not form.is_valid():
        return None
    file = form.cleaned_data["file"]
    try:
        check = partial(refuse_unreadable, columns=COLUMNS, encoding=form.cleaned_data["encoding"])
        upload = store_upload(file, name=file.name or "", owner=user, check=check)
    except BadFile as error:
        form.add_error("file", str(error))
        return None
    return start_import(upload, kind=KIND, encoding=form.cleaned_data["encoding"]).job_id


def _context(request: LoggedIn, form: UploadForm) -> dict[str, Any]:
    before = whole_number(request.GET.get("before", ""))
    found = _runs(request.user, before)
    return {
        "form": form,
        "encodings": [{"value": each.value, "words": each.label, "hint": _HINTS[each]} for each in Encoding],
        "columns": [{"name": name, "words": _WORDS[name]} for name in COLUMNS],
        "most": settings.BACKLINE_UPLOAD_MAX_BYTES,
        "quotas": quotas.in_words(),
        "runs": found[:PAGE],
        "older": found[PAGE - 1].counts.pk if len(found) > PAGE else None,
        "is_older": before > 0,
    }


def _runs(user: User, before: int) -> list[Run]:
    """Load my imports, the newest first, one more than a page."""
    runs = Import.objects.filter(upload__owner=user).select_related("upload").order_by("-pk")
    found = list((runs.filter(pk__lt=before) if before else runs)[: PAGE + 1])
    jobs = visible_to(user).in_bulk([run.job_id for run in found if run.job_id])
    return [Run(run.upload.name, run, jobs.get(run.job_id) if run.job_id else None) for run in found]
