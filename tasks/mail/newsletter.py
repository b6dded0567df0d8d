"""mail.newsletter: send one issue of the newsletter to one subscriber."""

from datetime import timedelta

from apps.jobs import Context, RetryPolicy, Unique, job
from apps.mail.send import send_once


@job(
    "mail.newsletter",
    retry=RetryPolicy(max_attempts=5, first=timedelta(minutes=1)),
    timeout=timedelta(minutes=2),
    unique=Unique(),
    expires=timedelta(days=3),  # then it is no news
    concurrency=4,  # mail servers refuse more
)
def newsletter(ctx: Context, issue_id: int, subscription_id: int) -> str:
    """Send one issue to one subscriber, unless it was sent or is not wanted any more."""
    return send_once(ctx, issue_id, subscription_id)
