"""Mail to admins about schedules that did not run on time."""

from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.urls import reverse

from apps.lib.words import count
from apps.schedules.models import Alert
from apps.schedules.watch import alerts, no_watch_under_way

_MOST_NAMED = 50


def tell_admins() -> str:
    """Send one letter about all that is wrong now; return what came of it in words.

    It may be sent twice, when its worker dies in the moment after: rather that than not at all.
    """
    with no_watch_under_way():
        wrong = list(alerts().order_by("name")[:_MOST_NAMED])
        total = alerts().count()
    if not wrong:
        return "no open alerts"
    people = recipients()
    if not people:
        return "no recipient: set BACKLINE_ALERTS_TO"
    EmailMessage(
        subject=f"{count(total, 'schedule')} did not run on time",
        body=_body(wrong, total),
        to=people,
    ).send()
    return f"{count(total, 'schedule')} reported to {', '.join(people)}"


def recipients() -> list[str]:
    """Return the addresses in BACKLINE_ALERTS_TO, or every superuser's while it is empty."""
    if settings.BACKLINE_ALERTS_TO:
        return list(settings.BACKLINE_ALERTS_TO)
    superusers = get_user_model()._default_manager.filter(is_superuser=True, is_active=True)
    return sorted(superusers.exclude(email="").values_list("email", flat=True))


def _body(named: list[Alert], total: int) -> str:
    lines = [f"{' '.join(alert.name.split())}: {alert.reason}" for alert in named]
    if total > len(named):
        lines.append(f"... and {count(total - len(named))} more.")
    page = urljoin(settings.WEB_URL, reverse("admin:schedules_alert_changelist"))
    return "\n".join([*lines, "", f"All alerts: {page}?closed_at__isempty=1", ""])
