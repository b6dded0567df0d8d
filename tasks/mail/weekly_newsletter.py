"""mail.weekly_newsletter: send the newsletter to everybody who asked for it."""

from datetime import timedelta

from django.db import transaction

from apps.jobs import Context, Unique, enqueue_many, job
from apps.mail.issues import issue_about, owed
from apps.shop.best_sellers import best_sellers


@job(
    "mail.weekly_newsletter",
    cron="0 8 * * 1",
    timezone="Europe/London",
    timeout=timedelta(minutes=30),
    unique=Unique(),
    expires=timedelta(days=2),
)
def weekly_newsletter(ctx: Context) -> dict[str, object]:
    """Write an issue about what sold most in the last week of sales, and start a letter to each subscriber.

    One issue per week of sales: run again, it reaches only those who were not sent it.
    """
    week = best_sellers()
    if week is None:
        return {"issue": None, "letters": 0}
    items = [(sold.code, sold.name, sold.units) for sold in week.products]
    issue = issue_about(week.since, week.until, items)
    with transaction.atomic():
        letters = enqueue_many("mail.newsletter", owed(issue))
        ctx.checkpoint({"issue": issue.pk}, done=letters, total=letters, note="letters started")
    return {"issue": issue.until.isoformat(), "letters": letters}
