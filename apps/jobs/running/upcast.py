"""Read stored arguments in a worker: brought up to this release's version, and typed as the function asks."""

from apps.jobs.kinds import versions
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
    try:
        is_old = claim.schema_version < task.version
        stored = versions.upcast(task, claim.kind, claim.schema_version, claim.args) if is_old else claim.args
        return task.validator.typed(stored)
    except versions.Unreadable as error:
        raise Discard(str(error)) from error
    except TypeError as error:
        raise Discard(f"This release cannot read its arguments. {error}") from error
