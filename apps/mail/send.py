"""Sends one letter of an issue, once, whatever dies in between.  Called by a job type."""

import smtplib
from typing import Final

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from apps.jobs import Context
from apps.mail.letter import letter
from apps.mail.models import Issue, Subscription

# What a mail server says before it takes a letter: then it certainly did not take it.
REFUSED: Final = (
    smtplib.SMTPSenderRefused,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
)


def send_once(ctx: Context, issue_id: int, subscription_id: int) -> str:
    """Send an issue to a subscriber who still wants it and was not sent it; return what came of it in a word.

    Whether the server is there and lets us in is found out before the letter counts as begun: until then, and
    after a refusal, it may be tried again. What was cut off in between a person has to decide.
    """
    issue = Issue.objects.filter(pk=issue_id).first()
    subscription = _still_wanted(subscription_id)
    if issue is None or subscription is None:
        return "not wanted any more"
    if subscription.last_issue_id == issue.pk:
        return "sent before"
    message = letter(issue, subscription)
    message.message()  # an address that no letter can have is found out here
    with get_connection() as server:
        ctx.effect(
            f"issue {issue_id} to subscription {subscription_id}",
            lambda: _send(server, message),
            undone_by=REFUSED,
        )
    Subscription.objects.filter(pk=subscription_id).update(last_issue=issue)
    return "sent"


def _still_wanted(subscription_id: int) -> Subscription | None:
    wanted = Subscription.objects.filter(pk=subscription_id, ended_at=None, user__is_active=True)
    return wanted.select_related("user").first()


def _send(server: BaseEmailBackend, message: EmailMessage) -> dict[str, str]:
    server.send_messages([message])
    return {"to": message.to[0], "message_id": message.extra_headers["Message-ID"]}
