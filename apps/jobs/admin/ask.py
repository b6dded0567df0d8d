"""The page between a wish and its fulfilment: what is meant, how many that is now, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin


class ReasonForm(forms.Form):
    """Why; the next person reads it in the log of actions."""

    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text="Shown in the audit log.",
    )


class NothingToFill(forms.Form):
    """A question that is answered by its button alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a page asks before something is done."""

    title: str
    what: str  # what is meant, in words
    form: forms.Form
    button: str
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    shown: str = ""  # a table, drawn and escaped by whoever asks
    has_file: bool = False
    is_pointless: bool = False  # nothing fits: there is nothing to confirm


def page(request: HttpRequest, model_admin: "ModelAdmin[Any]", question: Question) -> TemplateResponse:
    """Show a question in the look of the admin."""
    context = model_admin.admin_site.each_context(request) | {
        "title": question.title,
        "opts": model_admin.opts,
        "question": question,
        "media": model_admin.media,
    }
    return TemplateResponse(request, "admin/jobs/ask.html", context)


def check(request: HttpRequest, permission: str) -> None:
    """Refuse who lacks the right."""
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"This needs the permission {permission}.")
