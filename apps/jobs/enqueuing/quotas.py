"""Quotas: how many jobs a tenant may ask for in a while.

What a tenant has left stands in the bucket that limits use, and is spent in the caller's transaction by one
statement, so that it is exact however many ask at once: the second waits for the first one's commit. Tenants
without a quota cost nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from apps.jobs import sql
from apps.jobs.kinds.limits import Rate
from apps.jobs.origin import Origin
from apps.lib import words

NO_QUOTA = "none"
_BY_ITSELF = ("schedule", "event")  # nobody is there to be told no


class QuotaExceeded(ValueError):  # noqa: N818
    """A tenant asked for more jobs than it may; nothing was enqueued."""

    def __init__(self, tenant: str, jobs: int, rate: Rate, again_at: datetime | None) -> None:
        """Say in the message what it may, and when it may again; never, when it asked for more than all."""
        may = f"Tenant {tenant} may start {rate.jobs:,} jobs in {rate.seconds:,} s"
        if again_at is None:
            mend = f"{jobs:,} at once are more than that. Enqueue fewer at a time, or raise its quota."
        else:
            mend = f"the next {jobs:,} may at {words.whole(timezone.localtime(again_at))}."
        super().__init__(f"{may}; {mend} Nothing was enqueued.")
        self.tenant, self.again_at = tenant, again_at


def spend(asking: Origin, jobs: int = 1, *, of: int | None = None) -> None:
    """Count so many jobs against the quota of the tenant that asks for them; raise QuotaExceeded.

    ``of`` is how many are asked for altogether, where these are only a part. What a job makes, and what
    schedules and events start, is not counted: its like was let in before.
    """
    rate = _rate(asking)
    if rate is None or jobs == 0:
        return
    bucket = _bucket(asking.tenant, rate)
    [(is_spent,)] = sql.run("spend_quota", bucket | {"jobs": jobs})
    if not is_spent:
        [(again_at,)] = sql.run("quota_again_at", bucket | {"jobs": jobs})
        asked = max(of or 0, jobs)
        raise QuotaExceeded(asking.tenant, asked, rate, again_at if asked <= rate.jobs else None)


def spend_each(asking: Sequence[Origin]) -> None:
    """Count one job for each; raise QuotaExceeded."""
    asked = Counter(each for each in asking if _rate(each) is not None)
    for each in sorted(asked, key=lambda each: each.tenant):  # in one order: nobody waits for one who waits
        spend(each, asked[each])


def stand_by(*asking: Origin) -> None:
    """Wait for the tenants' buckets before a key is taken, so that of two callers none waits for both."""
    rates = {each.tenant: rate for each in asking if (rate := _rate(each)) is not None}
    for tenant in sorted(rates):
        sql.run("lock_quota", _bucket(tenant, rates[tenant]))


def count_for(asking: Sequence[Origin]) -> bool:
    """Say whether a quota counts any of what they ask for."""
    return any(_rate(each) is not None for each in asking)


def quotas() -> Mapping[str, str]:
    """Return the tenants that have a quota of their own, as they were set."""
    return _read(tuple(settings.BACKLINE_TENANT_QUOTAS))


def rate_of(tenant: str) -> Rate | None:
    """Return what a tenant may; None when nothing limits it. Raise ValueError for what is no rate."""
    text = quotas().get(tenant, settings.BACKLINE_TENANT_QUOTA)
    return None if text in ("", NO_QUOTA) else _parsed(text)


def _rate(asking: Origin) -> Rate | None:
    if not asking.tenant or not (settings.BACKLINE_TENANT_QUOTA or settings.BACKLINE_TENANT_QUOTAS):
        return None
    return rate_of(asking.tenant) if asking.is_asked and asking.trigger not in _BY_ITSELF else None


def _bucket(tenant: str, rate: Rate) -> dict[str, object]:
    return {"key": f"quota/{tenant}", "burst": rate.jobs, "seconds": rate.seconds}


def _named(word: str) -> tuple[str, str]:
    tenant, is_given, text = word.rpartition("=")
    if not is_given or not tenant:
        raise ValueError(f"{word!r} names no tenant's quota. Write acme=1000/hour, or acme={NO_QUOTA}.")
    return tenant.strip(), text.strip()


@lru_cache(maxsize=8)
def _read(words: tuple[str, ...]) -> Mapping[str, str]:
    return dict(map(_named, words))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Rate:
    return Rate.parse(text)
