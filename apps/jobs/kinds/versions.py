"""Bring stored arguments up to this release's version."""

import json

from apps.jobs import storable
from apps.jobs.kinds.kind import Kind


class Unreadable(ValueError):  # noqa: N818
    """This release cannot read a job's arguments."""


def upcast(task: Kind, kind: str, version: int, stored: dict[str, object]) -> dict[str, object]:
    """Return the arguments of a job of this kind, as this release has them; raise Unreadable if it cannot.

    Those of a newer release are refused: they would be taken for something else.
    """
    if version > task.version:
        raise Unreadable(
            f"Arguments of {kind} version {version} are of a newer release: this one reads {task.version}."
        )
    for older in range(version, task.version):
        stored = _to_the_next(task, kind, older, stored)
    return stored


def _to_the_next(task: Kind, kind: str, version: int, stored: dict[str, object]) -> dict[str, object]:
    upcaster = task.upcast.get(version)
    if upcaster is None:
        raise Unreadable(
            f"This release cannot read arguments of {kind} version {version}: it has no upcaster from there."
        )
    try:
        raised = upcaster(dict(stored))
        return json.loads(storable.as_json(raised))  # type: ignore[no-any-return]  # an upcaster returns an object
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise Unreadable(
            f"The upcaster of {kind} from version {version} failed: {type(error).__name__}: {error}"
        ) from error
