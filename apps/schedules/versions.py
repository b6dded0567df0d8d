"""Versions: who changed what of a schedule, however it was edited.

The admin and the commands write a version in the transaction of their edit. What was edited in any other
way is found by beat, which looks at each edited schedule, and written down without a name.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from django.db import transaction
from django.db.models.functions import Now

from apps.schedules.document import Document, describe
from apps.schedules.masked import seen
from apps.schedules.models.plan import Plan
from apps.schedules.models.version import Version
from apps.schedules.row import Row, read


class Change(NamedTuple):
    """One thing that a schedule said and says otherwise now; None where it says nothing."""

    what: str
    before: object
    after: object


def record(ids: Collection[int], how: Version.How, *, by: str = "") -> int:
    """Write down what these schedules say where it is not what their last version says; return how many.

    In the transaction of the edit: what was undone was never said.
    """
    with transaction.atomic():
        planned = Plan.objects.filter(pk__in=list(ids)).order_by("pk")
        held = list(planned.select_for_update(no_key=True).values_list("pk", flat=True))
        return record_rows(read(held), how, by=by)


def record_rows(rows: Iterable[Row], how: Version.How, *, by: str = "") -> int:
    """Do the same for rows that are read already and whose plans the caller has locked."""
    said = {row.id: describe(row) for row in rows}
    last = _last(said)
    made = [
        Version(schedule_id=pk, name=str(document["name"]), at=Now(), by=by, how=how, document=document)
        for pk, document in said.items()
        if last.get(pk) != document
    ]
    Version.objects.bulk_create(made)
    return len(made)


def name_who_deleted(ids: Collection[int], by: str) -> None:
    """Add a name to what a trigger wrote down when schedules went; in the same transaction."""
    Version.objects.filter(schedule_id__in=ids, how=Version.How.DELETED, by="").update(by=by)


def predecessor(version: Version) -> Version | None:
    """Return what the schedule said before."""
    return Version.objects.filter(schedule_id=version.schedule_id, pk__lt=version.pk).first()


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[Change]:
    """Return what differs between two documents, argument by argument; secrets stay hidden."""
    old, new = dict(_flat(before)), dict(_flat(after))
    names = [*new, *(name for name in old if name not in new)]
    return [
        Change(name, seen(before, name, old.get(name)), seen(after, name, new.get(name)))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _last(ids: Iterable[int]) -> dict[int, Document | None]:
    """Return the last documents; none for a schedule that was deleted and is there again."""
    newest = Version.objects.filter(schedule_id__in=list(ids)).order_by("schedule_id", "-id")
    return {
        pk: None if how == Version.How.DELETED else document
        for pk, how, document in newest.distinct("schedule_id").values_list("schedule_id", "how", "document")
    }


def _flat(document: Mapping[str, object]) -> Iterable[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", said) for inner, said in value.items())
        else:
            yield name, value
