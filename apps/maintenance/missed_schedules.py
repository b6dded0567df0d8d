"""The letter that tells admins which schedules should have run and did not."""

from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.urls import reverse

from apps.lib.words import count
from apps.schedules.models import Alert
from apps.schedules.watch import alerts

_MOST_NAMED = 50


def tell_admins() -> str:
    """Send one letter about all that is wrong now; return what came of it in words.

    It may be sent twice, when its worker dies in the moment after: rather that than not at all.
    """
    wrong = list(alerts().order_by("name")[: _MOST_NAMED + 1])
    if not wrong:
        return "all well again"
    people = _people()
    if not people:
        return "nobody to tell: set DJANGO_ADMINS"
    total = alerts().count()
    EmailMessage(
        subject=f"{count(total, 'schedule')} should have run and did not",
        body=_body(wrong[:_MOST_NAMED], total),
        to=people,
    ).send()
    return f"{count(total, 'schedule')} told to {', '.join(people)}"


def _people() -> list[str]:
    """Return whom to tell: DJANGO_ADMINS, or every superuser while nobody is named there."""
    if settings.ADMINS:
        return [address for _, address in settings.ADMINS]
    superusers = get_user_model()._default_manager.filter(is_superuser=True, is_active=True)
    return sorted(superusers.exclude(email="").values_list("email", flat=True))


def _body(named: list[Alert], total: int) -> str:
    lines = [f"{' '.join(alert.name.split())}: {alert.reason}" for alert in named]
    if total > len(named):
        lines.append(f"... and {count(total - len(named))} more.")
    page = urljoin(settings.WEB_URL, reverse("admin:schedules_alert_changelist"))
    return "\n".join([*lines, "", f"All of them: {page}?closed_at__isempty=1", ""])
