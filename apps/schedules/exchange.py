"""Export and import schedules as a file, to be reviewed and to be carried from one site to another."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from django.db import transaction
from django_celery_beat.models import PeriodicTask

from apps.schedules.document import describe
from apps.schedules.models.version import Version
from apps.schedules.row import read
from apps.schedules.versions import Change, changes
from apps.schedules.wanted import BadDocument, Wanted, read_document
from apps.schedules.write import write

_FORMAT = 1
_MOST_FAULTS = 20


class Difference(NamedTuple):
    """What a file would change of one schedule."""

    name: str
    wanted: Wanted
    schedule_id: int | None  # None: it is new
    changes: list[Change]


def exported(ids: Collection[int] | None = None) -> str:
    """Return schedules as JSON text, sorted by name, so that two exports can be compared line by line."""
    chosen = PeriodicTask.objects.values_list("pk", flat=True) if ids is None else ids
    documents = sorted((describe(row) for row in read(list(chosen))), key=lambda said: str(said["name"]))
    return json.dumps({"format": _FORMAT, "schedules": documents}, indent=2, ensure_ascii=False) + "\n"


def compare(text: str) -> list[Difference]:
    """Return what a file would change, in its order; nothing for schedules that say it already.

    Raise BadDocument, which names every schedule of the file that cannot be taken, and why.
    """
    documents = _read(text)
    wanted, faults = [], []
    for number, document in enumerate(documents, 1):
        try:
            wanted.append(read_document(document))
        except BadDocument as error:
            faults.append(f"schedule {number}{_named(document)}: {error}")
    faults += [f"schedule {name!r} is there twice" for name in _repeated(wanted)]
    if faults:
        rest = f" And {len(faults) - _MOST_FAULTS} more." if len(faults) > _MOST_FAULTS else ""
        raise BadDocument("\n".join(faults[:_MOST_FAULTS]) + rest)
    return list(_differences(wanted))


def take_over(text: str, *, by: str) -> list[Difference]:
    """Let the schedules of a file say what it says, all or none; return what that changed.

    Schedules that the file does not name stay as they are.
    """
    with transaction.atomic():
        found = compare(text)
        for difference in found:
            write(difference.wanted, difference.schedule_id, Version.How.FILE, by=by)
    return found


def _read(text: str) -> list[object]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDocument(f"The file is not JSON: {error}.") from error
    if not isinstance(whole, dict) or whole.get("format") != _FORMAT:
        raise BadDocument(f'The file is no export of schedules: it lacks "format": {_FORMAT}.')
    schedules = whole.get("schedules")
    if not isinstance(schedules, list):
        raise BadDocument('The file lacks its list "schedules".')
    return schedules


def _differences(wanted: list[Wanted]) -> Iterator[Difference]:
    names = [one.name for one in wanted]
    known = dict(PeriodicTask.objects.filter(name__in=names).values_list("name", "pk"))
    rows = {row.name: describe(row) for row in read(known.values())}
    for one in wanted:
        found = changes(rows.get(one.name, {}), describe(one.row()))
        if found:
            yield Difference(one.name, one, known.get(one.name), found)


def _repeated(wanted: list[Wanted]) -> list[str]:
    counted = Counter(one.name for one in wanted)
    return sorted(name for name, count in counted.items() if count > 1)


def _named(document: object) -> str:
    name = document.get("name") if isinstance(document, dict) else None
    return f" {name!r}" if name else ""
