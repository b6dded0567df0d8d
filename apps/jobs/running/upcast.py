"""Read stored arguments in a worker: brought up to this release's version, and typed as the function asks."""

import json

from apps.jobs import storable
from apps.jobs.kinds.kind import Kind
from apps.jobs.outcomes import Discard
from apps.jobs.transitions import Claim


class NewerVersion(Exception):  # noqa: N818  # as UnknownKind
    """These arguments were written by a newer release."""


def for_run(task: Kind, claim: Claim) -> dict[str, object]:
    """Return what the function is called with.

    Raise Discard for arguments that this release cannot read, NewerVersion for those of a newer one.
    """
    if claim.schema_version > task.version:
        raise NewerVersion
    stored = claim.args
    for version in range(claim.schema_version, task.version):
        stored = _upcast(task, claim.kind, version, stored)
    try:
        return task.validator.typed(stored)
    except TypeError as error:
        raise Discard(f"This release cannot read its arguments. {error}") from error


def _upcast(task: Kind, kind: str, version: int, stored: dict[str, object]) -> dict[str, object]:
    upcaster = task.upcast.get(version)
    if upcaster is None:
        raise Discard(
            f"This release cannot read arguments of {kind} version {version}: it has no upcaster from there."
        )
    try:
        raised = upcaster(dict(stored))
        return json.loads(storable.as_json(raised))  # type: ignore[no-any-return]  # an upcaster returns an object
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise Discard(
            f"The upcaster of {kind} from version {version} failed: {type(error).__name__}: {error}"
        ) from error
