"""Date and time fields that name the zone in which they are read."""

from django import forms
from django.utils import timezone


def name_zone(form: forms.BaseForm) -> None:
    """Say in the help of each date and time field of a form in which zone it is read."""
    zone = f"Time zone: {timezone.get_current_timezone_name()}."
    for field in form.fields.values():
        if isinstance(field, forms.DateTimeField | forms.SplitDateTimeField):
            field.help_text = f"{field.help_text} {zone}".strip()
