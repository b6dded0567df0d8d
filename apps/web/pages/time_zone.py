"""The page on which a person chooses the time zone of all pages."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.web.request import LoggedIn


class TimeZoneForm(forms.ModelForm[User]):
    """One of the known zones, or that of the site."""

    time_zone = forms.ChoiceField(label="Time zone", required=False)

    class Meta:
        model = User
        fields = ("time_zone",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [(name, name) for name in sorted(available_timezones())]
        field = self.fields["time_zone"]
        field.choices = [("", f"Site default ({settings.TIME_ZONE})"), *zones]  # type: ignore[attr-defined]  # a ChoiceField
        field.widget.attrs["class"] = "input"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def time_zone(request: LoggedIn) -> HttpResponse:
    """Show the zone of this person's times; change it when the form comes back."""
    form = TimeZoneForm(request.POST or None, instance=request.user)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "now": timezone.localtime()}
        return render(request, "account/time_zone.html", context, status=422 if form.errors else 200)
    request.user.save(update_fields=["time_zone"])  # the form has set it; other fields may have changed since
    messages.success(request, f"Times are shown in {request.user.zone.key}.")
    return redirect("time_zone")
