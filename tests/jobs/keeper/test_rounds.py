"""A duty that fails writes its error down, whatever the error holds."""

import threading

import pytest

from apps.jobs.keeper.duties import Duty
from apps.jobs.keeper.probe import Probe
from apps.jobs.keeper.rounds import Rounds
from apps.jobs.messages.broker import BrokerAway
from apps.jobs.models import Duty as DutyRecord

pytestmark = pytest.mark.django_db


class _MuteError(Exception):
    def __str__(self) -> str:
        raise LookupError


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (RuntimeError("half a pair \ud800"), "RuntimeError: half a pair ?"),
        (RuntimeError("a NUL \x00"), "RuntimeError: a NUL ?"),
        (RuntimeError("long " * 9999), "RuntimeError: long long"),
        (_MuteError(), "_MuteError: "),
        (BrokerAway("half a pair \ud800"), "The broker is away: half a pair ?"),
    ],
    ids=["surrogate", "NUL", "long", "mute", "broker"],
)
def test_the_text_of_any_error_is_stored(error: Exception, kept: str) -> None:
    assert _stored(error).startswith(kept)


def test_a_secret_in_an_error_is_masked() -> None:
    assert "hunter2" not in _stored(RuntimeError("postgres://backline:hunter2@db/backline"))


def _stored(error: Exception) -> str:
    def fail() -> int:
        raise error

    Rounds("here:1", [Duty("odd", 1.0, fail)], Probe("here:1"), threading.Event()).do_what_is_due()
    return DutyRecord.objects.get().error
