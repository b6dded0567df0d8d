"""Dead letters: find them, group them by what went wrong, give them up.  Replaying them is ``replay``."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import Now

from apps.jobs.models.dead_letter import DeadLetter
from apps.jobs.operating import actions
from apps.jobs.operating.actions import Actor

MOST_IDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead letters are meant: those that fit all that is given, and every open one when nothing is."""

    kind: str = ""
    fingerprint: str = ""
    tenant: str | None = None  # "" is the jobs of nobody in particular
    since: datetime | None = None  # died at or after
    until: datetime | None = None  # died before
    ids: tuple[UUID, ...] | None = None
    discarded: bool = False  # those that were given up, instead of the open ones

    def __post_init__(self) -> None:
        if self.ids is not None and len(self.ids) > MOST_IDS:
            raise ValueError(f"{len(self.ids)} ids are too many. Name at most {MOST_IDS}, or use a filter.")

    def letters(self) -> QuerySet[DeadLetter]:
        """Return the letters that fit now."""
        decision = DeadLetter.Decision.DISCARDED if self.discarded else DeadLetter.Decision.OPEN
        asked: dict[str, object] = {
            "kind": self.kind or None,
            "fingerprint": self.fingerprint or None,
            "tenant": self.tenant,
            "died_at__gte": self.since,
            "died_at__lt": self.until,
            "job_id__in": self.ids,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        # the same as decision "", in the words of the index of open letters
        undecided = {"decided_at__isnull": not self.discarded}
        return DeadLetter.objects.filter(decision=decision, **undecided, **given)

    def as_json(self) -> dict[str, object]:
        """Return what was given, for the record."""
        given: dict[str, object] = {"kind": self.kind} if self.kind else {}
        given |= {"fingerprint": self.fingerprint} if self.fingerprint else {}
        given |= {"tenant": self.tenant} if self.tenant is not None else {}
        given |= {"since": self.since.isoformat()} if self.since else {}
        given |= {"until": self.until.isoformat()} if self.until else {}
        given |= {"ids": [str(job_id) for job_id in self.ids]} if self.ids is not None else {}
        return given | ({"discarded": True} if self.discarded else {})

    def __str__(self) -> str:
        """Say in words what is meant."""
        ids = self.ids
        if ids is not None and len(ids) == 1:
            return f"job {ids[0]}"
        words = [f"kind {self.kind}"] if self.kind else []
        words += [f"fingerprint {self.fingerprint!r}"] if self.fingerprint else []
        words += [f"tenant {self.tenant!r}"] if self.tenant is not None else []
        words += [f"since {self.since:%Y-%m-%d %H:%M:%S}"] if self.since else []
        words += [f"until {self.until:%Y-%m-%d %H:%M:%S}"] if self.until else []
        words += [f"{len(ids)} selected jobs"] if ids is not None else []
        which = "discarded dead jobs" if self.discarded else "open dead jobs"
        return f"{which}: {', '.join(words)}" if words else f"all {which}"


@dataclass(frozen=True, slots=True)
class Group:
    """Dead letters of one kind with one fingerprint: one cause, many jobs."""

    kind: str
    fingerprint: str
    letters: int
    tenants: int
    first_at: datetime
    last_at: datetime
    message: str  # of one of them


def count(chosen: Filter) -> int:
    """Count the letters that fit now: what a replay or a discard would change."""
    return chosen.letters().count()


def groups(chosen: Filter, *, most: int = 100) -> list[Group]:
    """Return what went wrong, the most frequent first."""
    rows = (
        chosen.letters()
        .order_by()
        .values_list("kind", "fingerprint")
        .annotate(letters=Count("*"), tenants=Count("tenant", distinct=True))
        .annotate(first_at=Min("died_at"), last_at=Max("died_at"), message=Max("message"))
        .order_by("-letters", "kind", "fingerprint")[:most]
    )
    return [Group(*row) for row in rows]


def discard(chosen: Filter, *, actor: Actor, reason: str) -> int:
    """Give letters up: they stay as evidence and are not asked about again; return how many.

    Raise ValueError without a reason.
    """
    why = given_reason(reason)
    with transaction.atomic():
        ids = list(chosen.letters().select_for_update().order_by("job_id").values_list("job_id", flat=True))
        given_up = _decide(ids)
        if given_up:
            entry = actions.record(
                "discard", chosen, actor=actor, count=given_up, reason=why, details=chosen.as_json()
            )
            if chosen.ids is None or len(chosen.ids) > 1:
                actions.keep_jobs(entry, ids)
    return given_up


def given_reason(reason: str) -> str:
    """Return a reason without its margins; raise ValueError when there is none."""
    if not reason.strip():
        raise ValueError("Say why: the reason is what the next person reads.")
    return reason.strip()


def _decide(ids: Iterable[UUID]) -> int:
    return DeadLetter.objects.filter(job_id__in=list(ids), decision="").update(
        decision=DeadLetter.Decision.DISCARDED, decided_at=Now()
    )
