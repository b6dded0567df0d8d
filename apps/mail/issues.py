"""Issues of the newsletter: made once a week of sales, and owed to each subscriber until it was sent."""

from collections.abc import Iterator, Sequence
from datetime import date

from apps.mail.models import Issue, Subscription


def issue_about(since: date, until: date, items: Sequence[tuple[str, str, int]]) -> Issue:
    """Return the issue about the week that ends on this day; what it says stays as it was first written."""
    Issue.objects.bulk_create([Issue(since=since, until=until, items=list(items))], ignore_conflicts=True)
    return Issue.objects.get(until=until)


def owed(issue: Issue) -> Iterator[dict[str, int]]:
    """Yield the letters of an issue that nobody sent yet, as arguments of the job type that does."""
    wanted = Subscription.objects.filter(ended_at=None, user__is_active=True).exclude(user__email="")
    unsent = wanted.exclude(last_issue=issue).order_by("pk").values_list("pk", flat=True)
    for subscription_id in unsent.iterator(chunk_size=10_000):
        yield {"issue_id": issue.pk, "subscription_id": subscription_id}
