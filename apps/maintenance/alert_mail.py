"""The mail to admins about what keeps jobs from starting."""

from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from apps.jobs.models import Alert
from apps.lib import words
from apps.lib.words import count
from apps.maintenance.missed_schedules import recipients

_MOST_NAMED = 50
_HAS_ITS_OWN_MAIL = "schedules"


def mail_admins() -> str:
    """Send one mail about all open alerts; return the result in words.

    It may be sent twice, when its worker dies just after sending.
    """
    alerts = Alert.objects.exclude(opened_at=None).exclude(reason=_HAS_ITS_OWN_MAIL)
    total = alerts.count()
    if not total:
        return "no open alerts"
    people = recipients()
    if not people:
        return "no recipient: set BACKLINE_ALERTS_TO"
    lines = [_line(alert) for alert in alerts[:_MOST_NAMED]]
    if total > _MOST_NAMED:
        lines.append(f"... and {count(total - _MOST_NAMED)} more.")
    page = urljoin(settings.WEB_URL, reverse("admin:jobs_queue_changelist"))
    EmailMessage(
        subject=f"{count(total, 'alert')}: {lines[0]}"[:120],
        body="\n".join([*lines, "", f"Queues and kinds: {page}", ""]),
        to=people,
    ).send()
    return f"{count(total, 'alert')} reported to {', '.join(people)}"


def _line(alert: Alert) -> str:
    """Return an alert as one line; one whose cause the latest look did not find is still open."""
    seen = (
        f"(Not seen since {words.whole(timezone.localtime(alert.absent_since))}.)"
        if alert.absent_since
        else ""
    )
    return " ".join(f"{alert.sentence} {alert.mend} {seen}".split())
