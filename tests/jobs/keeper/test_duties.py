"""How often a duty is done depends on whether it lately had something to do."""

import threading

import pytest

from apps.jobs.keeper.duties import Duty
from apps.jobs.keeper.probe import Probe
from apps.jobs.keeper.rounds import Rounds
from apps.jobs.models import Duty as DutyRecord


def rounds(*duties: Duty) -> Rounds:
    """Return what does these duties."""
    return Rounds("here:1", duties, Probe("here:1"), threading.Event())


@pytest.mark.django_db
def test_a_duty_that_lately_had_something_to_do_is_looked_at_more_often() -> None:
    mine = rounds()
    does = iter([3, 0])
    duty = Duty("relay", 60.0, lambda: next(does), busy_s=0.5)
    assert mine._pause_of(duty) == 60.0
    mine._do(duty)
    assert mine._pause_of(duty) == 0.5
    mine._do(duty)
    assert mine._pause_of(duty) == 0.5, "a moment without work changes nothing"
    assert mine._pause_of(Duty("relay", 60.0, lambda: 0)) == 60.0, "it has no other pace"


@pytest.mark.django_db
def test_trouble_is_written_down_at_once_though_the_duty_was_told_a_moment_ago() -> None:
    mine = rounds()
    mine._tell(Duty("relay", 60.0, lambda: 0), 1.0, 3, "")
    mine._tell(Duty("relay", 60.0, lambda: 0), 1.0, 0, "it broke")
    assert DutyRecord.objects.get(name="relay").error == "it broke"
    mine._tell(Duty("relay", 60.0, lambda: 0), 1.0, 0, "")
    assert DutyRecord.objects.get(name="relay").error == "it broke", "nothing happened since"
