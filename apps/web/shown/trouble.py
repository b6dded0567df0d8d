"""The reasons of failures as their viewer may read them: the text of an unexpected exception is for staff.

Its text holds whatever the body put in: names, addresses, parts of statements. Others get an id to report.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from apps.accounts.models import User
from apps.jobs import Discard
from apps.jobs.models import Attempt, LogLine

# Written by the ledger itself, in words for the person who started the job.
_OF_THE_LEDGER: Final = frozenset({"", "TimedOut", "WorkerLost", "UnknownKind", "NewerVersion", "Snooze"})
_TRACEBACK: Final = "\nTraceback (most recent call last):"


def shown_trouble(message: str, error_type: str, *, viewer: User, job_id: UUID, number: int) -> str:
    """Return why an attempt failed, for this viewer."""
    if not message or _may_read(error_type, viewer):
        return message
    return f"Something unexpected went wrong. Report error {error_id(job_id, number)} to an administrator."


def error_id(job_id: UUID, number: int) -> str:
    """Return the name of a failure by which the staff finds it: the end of the job's id, and the attempt."""
    return f"{str(job_id)[-12:]}-{number}"


def for_viewer(attempts: Iterable[Attempt], viewer: User) -> list[Attempt]:
    """Return attempts whose messages this viewer may read; they are not to be saved."""
    found = list(attempts)
    for each in found:
        each.message = shown_trouble(
            each.message, each.error_type, viewer=viewer, job_id=each.job_id, number=each.number
        )
    return found


def lines_for(lines: Iterable[LogLine], viewer: User) -> list[LogLine]:
    """Return log lines, for others than the staff without tracebacks; they are not to be saved."""
    found = list(lines)
    for line in found if not viewer.is_staff else ():
        line.message = line.message.partition(_TRACEBACK)[0]
    return found


def _may_read(error_type: str, viewer: User) -> bool:
    return viewer.is_staff or error_type in _OF_THE_LEDGER or error_type in _names_of(Discard)


def _names_of(word: type[Exception]) -> set[str]:
    """Return the names of what a job raises to speak to the person who started it."""
    return {word.__name__}.union(*(_names_of(each) for each in word.__subclasses__()))
