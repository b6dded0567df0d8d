"""What a person decides about outside effects of which nobody knows whether they happened."""

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from apps.jobs.models.effect import Effect
from apps.jobs.models.job import Job
from apps.jobs.operating import actions
from apps.jobs.states import State


class NotOpen(LookupError):  # noqa: N818
    """No effect of this key waits for a person's word."""


def open_ones() -> QuerySet[Effect]:
    """Return the effects that wait for a person's word, the oldest first, without those a job is at now."""
    at_it = Job.objects.filter(id=OuterRef("job_id"), lease=OuterRef("lease"), state=State.RUNNING)
    return Effect.objects.filter(~Exists(at_it), done_at=None).order_by("started_at", "key")


def happened(key: str, *, receipt: object, actor: actions.Actor, reason: str) -> None:
    """Write down that an unknown effect did happen; its job gets this receipt when it is replayed."""
    with transaction.atomic():
        updated = open_ones().filter(key=key).order_by().update(done_at=Now(), receipt=receipt)
        _decided(key, updated, "effect happened", actor, reason)


def did_not_happen(key: str, *, actor: actions.Actor, reason: str) -> None:
    """Write down that an unknown effect did not happen; its job tries it again when it is replayed."""
    with transaction.atomic():
        deleted, _ = open_ones().filter(key=key).delete()
        _decided(key, deleted, "effect did not happen", actor, reason)


def _decided(key: str, count: int, verb: str, actor: actions.Actor, reason: str) -> None:
    if not count:
        raise NotOpen(f"No effect {key!r} waits for a decision. List those that do: manage.py effects list")
    actions.record(verb, key, actor=actor, reason=reason)
