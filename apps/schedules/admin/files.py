"""Export and import of schedules in the Django admin: a file is looked at before it is taken over."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.jobs.admin import ask
from apps.schedules.admin import changed
from apps.schedules.exchange import Difference, compare, exported, take_over
from apps.schedules.wanted import BadDocument

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

_NEEDED = ("django_celery_beat.add_periodictask", "django_celery_beat.change_periodictask")
_MOST_BYTES = 1_000_000  # it comes back with the answer; a form may hold twice that
_MOST_SHOWN = 200


class FileForm(forms.Form):
    """A file of schedules."""

    file = forms.FileField(
        help_text="From Export or manage.py schedules export. Changes are shown before they are applied."
    )

    def clean_file(self) -> str:
        """Return the text of the file."""
        sent = self.cleaned_data["file"]
        if sent.size > _MOST_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {_MOST_BYTES:,} bytes. Use manage.py schedules import."
            )
        try:
            text: str = sent.read().decode()
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is not UTF-8 text.") from error
        return text


class ReviewedForm(forms.Form):
    """The text of a file that was looked at."""

    text = forms.CharField(widget=forms.HiddenInput, strip=False)


def download(ids: Collection[int] | None) -> HttpResponse:
    """Answer with a file of these schedules, of all without ids."""
    response = HttpResponse(exported(ids), content_type="application/json")
    name = f"schedules-{timezone.localdate():%Y-%m-%d}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def import_file(request: HttpRequest, model_admin: "ModelAdmin[Any]") -> HttpResponse:
    """Ask for a file, show what it would change, and take it over when that is wanted."""
    for permission in _NEEDED:
        ask.check(request, permission)
    if request.method != "POST":
        return ask.page(request, model_admin, _which_file(FileForm()))
    if "text" in request.POST:
        return _take_over(request, model_admin)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return ask.page(request, model_admin, _which_file(form))
    text = form.cleaned_data["file"]
    try:
        found = compare(text)
    except BadDocument as error:
        form.add_error("file", str(error).splitlines())
        return ask.page(request, model_admin, _which_file(form))
    return ask.page(request, model_admin, _review(found, text))


def _take_over(request: HttpRequest, model_admin: "ModelAdmin[Any]") -> HttpResponse:
    form = ReviewedForm(request.POST)
    if not form.is_valid():
        raise PermissionDenied("Choose the file again.")
    try:
        found = take_over(form.cleaned_data["text"], by=request.user.get_username())
    except BadDocument as error:
        model_admin.message_user(request, f"Nothing was imported: {error}", messages.ERROR)
        return HttpResponseRedirect(reverse("admin:schedules_import"))
    made = sum(difference.schedule_id is None for difference in found)
    model_admin.message_user(request, f"Added: {made}. Changed: {len(found) - made}.", messages.SUCCESS)
    return HttpResponseRedirect(reverse("admin:django_celery_beat_periodictask_changelist"))


def _which_file(form: FileForm) -> ask.Question:
    return ask.Question(
        title="Import schedules",
        what="Schedules with the same name are changed, new ones are added. Others are kept.",
        form=form,
        button="Show changes",
        has_file=True,
    )


def _review(found: list[Difference], text: str) -> ask.Question:
    made = sum(difference.schedule_id is None for difference in found)
    return ask.Question(
        title="Import these schedules",
        what="Nothing was changed yet. Either all of these changes are applied, or none.",
        form=ReviewedForm(initial={"text": text}),
        button="Apply all",
        has_file=True,
        counts={"new": made, "changed": len(found) - made},
        shown=_drawn(found),
        is_pointless=not found,
    )


def _drawn(found: list[Difference]) -> SafeString:
    shown = [
        (difference.name, difference.schedule_id is None, changed.told(difference.changes))
        for difference in found[:_MOST_SHOWN]
    ]
    context = {"shown": shown, "more": len(found) - len(shown)}
    return render_to_string("admin/schedules/review.html", context)
