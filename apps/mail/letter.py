"""One letter: an issue of the newsletter to one person, in plain text, with a link that stops it."""

from urllib.parse import urlencode, urljoin

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from apps.lib.words import count
from apps.mail.models import Issue, Subscription
from apps.mail.subscriptions import token_of


def letter(issue: Issue, subscription: Subscription) -> EmailMessage:
    """Write the letter; its id is the same however often it is written, so that a mail server can tell."""
    link = _link_to_stop(subscription)
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    return EmailMessage(
        subject=f"Best sellers in the week to {issue.until:%d %B %Y}",
        body=_body(issue, subscription, link),
        to=[subscription.user.email],
        headers={
            "Message-ID": f"<newsletter-{issue.pk}-{subscription.pk}@{host}>",
            "List-Unsubscribe": f"<{link}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def _body(issue: Issue, subscription: Subscription, link: str) -> str:
    lines = [
        f"{place}. {' '.join(name.split()) or code} ({code}): {count(units)}"
        for place, (code, name, units) in enumerate(issue.items, 1)
    ]
    asked = f"{subscription.asked_at:%d %B %Y}"
    return "\n".join(
        [
            f"Best sellers from {issue.since:%d %B} to {issue.until:%d %B %Y}:",
            "",
            *lines,
            "",
            f"You subscribed on {asked}. Unsubscribe: {link}",
            "",
        ]
    )


def _link_to_stop(subscription: Subscription) -> str:
    token = urlencode({"token": token_of(subscription.pk)})
    return urljoin(settings.WEB_URL, f"{reverse('leave_newsletter')}?{token}")
