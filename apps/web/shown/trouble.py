"""The reasons of failures as their viewer may read them: the text of an unexpected exception is for staff.

Its text holds whatever the body put in: names, addresses, parts of statements. Others get an id to report.
"""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from apps.accounts.models import User
from apps.jobs import Discard
from apps.jobs.models import Attempt, LogLine
from apps.web.shown.internals import HIDDEN, begins_traceback, for_people

# Written by the ledger itself, in words for the person who started the job.
_OF_THE_LEDGER: Final = frozenset({"", "TimedOut", "WorkerLost", "UnknownKind", "NewerVersion", "Snooze"})
_LOOKED_BACK: Final = 60  # lines of a traceback that was logged line by line
_MAY_CONTINUE: Final = re.compile(r"\s|[\w.]{1,200}(?::|\Z)")


def shown_trouble(message: str, error_type: str, *, viewer: User, job_id: UUID, number: int) -> str:
    """Return why an attempt failed, for this viewer."""
    if not message or viewer.is_staff:
        return message
    unexpected = _unexpected(job_id, number)
    return for_people(message, instead=unexpected) if _is_for_people(error_type) else unexpected


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
    """Return log lines, for others than the staff without internals; they are not to be saved."""
    found = list(lines)
    if viewer.is_staff or not found:
        return found
    in_order = sorted(found, key=lambda line: line.pk)
    inside: set[int] = set()  # attempts whose traceback goes on in the next line
    for line in (*_before(in_order[0]), *in_order):
        line.message = _shown_line(line, inside)
    return found


def _before(first: LogLine) -> list[LogLine]:
    """Return the lines before a page of them, if it may start within a traceback."""
    if not _MAY_CONTINUE.match(first.message):
        return []
    before = LogLine.objects.filter(job_id=first.job_id, pk__lt=first.pk).order_by("-pk")[:_LOOKED_BACK]
    return list(before)[::-1]


def _shown_line(line: LogLine, inside: set[int]) -> str:
    is_inside = line.attempt in inside
    inside.discard(line.attempt)
    if begins_traceback(line.message):
        if "\n" not in line.message.strip() and "\\n" not in line.message:
            inside.add(line.attempt)
        return _unexpected(line.job_id, line.attempt)
    if is_inside and _MAY_CONTINUE.match(line.message):
        if line.message[:1].isspace():
            inside.add(line.attempt)
        return HIDDEN
    return for_people(line.message, instead=_unexpected(line.job_id, line.attempt))


def _unexpected(job_id: UUID, number: int) -> str:
    return f"Something unexpected went wrong. Report error {error_id(job_id, number)} to an administrator."


def _is_for_people(error_type: str) -> bool:
    return error_type in _OF_THE_LEDGER or error_type in _names_of(Discard)


def _names_of(word: type[Exception]) -> set[str]:
    """Return the names of what a job raises to speak to the person who started it."""
    return {word.__name__}.union(*(_names_of(each) for each in word.__subclasses__()))
