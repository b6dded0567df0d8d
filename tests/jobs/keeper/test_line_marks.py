"""The relay moves the marks of the lines, and finds what enters a line before its mark."""

from time import monotonic

import pytest
from django.conf import settings
from django.db import connection

from apps.jobs import sql, transitions
from apps.jobs.keeper import line_marks, relay
from apps.jobs.keeper.line_marks import LineMarks
from apps.jobs.messages import broker
from apps.jobs.models import Bundle, LineMark
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.steps import QUEUE, in_line
from tests.local.waiting import wait_until

FUTURE = "2999-01-01T00:00Z"


@pytest.fixture(autouse=True)
def small(committed: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark after every third job, and a window of four messages."""
    monkeypatch.setattr(line_marks, "_EVERY", 3)
    monkeypatch.setattr(settings, "BACKLINE_WINDOW", 4)


def _relay(fill: relay.Relay | None = None) -> int:
    with broker.connected() as producer:
        return (fill or relay.Relay())(producer)


def _marked_at(moment: str) -> None:
    """Let all lines begin elsewhere, as after a jump of the clock or before much older jobs come back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_line_mark (queue, begins_at, begins_id, has_lanes, marked_at)"
            " VALUES (%s, %s, gen_random_uuid(), false, now())"
            " ON CONFLICT (queue) DO UPDATE SET begins_at = excluded.begins_at, waiting_id = NULL",
            [QUEUE, moment],
        )


def _is_behind_the_line() -> bool:
    """Return whether a new job queues up, though the window has room."""
    job_id = steps.enqueued()
    return steps.stands_in_line(job_id)


def _slow(marks: LineMarks, took_s: float = 0.05) -> None:
    """Let a look at the whole lines have taken a while, as beside an old snapshot."""
    marks.read_all([QUEUE], took_s)


def test_a_mark_moves_after_each_few_jobs_and_not_before() -> None:
    marks = LineMarks()
    marks.removed(QUEUE, 2)
    assert not LineMark.objects.exists()
    marks.removed(QUEUE, 1)
    first = LineMark.objects.get().begins_at
    marks.removed(QUEUE, 2)
    assert LineMark.objects.get().begins_at == first
    marks.removed(QUEUE, 1)
    assert LineMark.objects.get().begins_at > first


def test_the_relay_moves_the_mark_to_the_first_job_that_is_left() -> None:
    waiting = [in_line() for _ in range(7)]
    assert _relay() == 4
    assert LineMark.objects.get().begins_id == waiting[4]
    assert _is_behind_the_line()


def test_two_keepers_by_turns_move_one_mark() -> None:
    waiting, one, two = [in_line() for _ in range(10)], relay.Relay(), relay.Relay()
    for fill, first in ((one, 4), (two, 8)):
        assert _relay(fill) == 4
        assert LineMark.objects.get().begins_id == waiting[first]
        Bundle.objects.all().delete()


def test_without_a_keeper_new_jobs_queue_up_behind_those_that_wait() -> None:
    for _ in range(7):
        in_line()
    _relay()
    Bundle.objects.all().delete()
    assert all(_is_behind_the_line() for _ in range(3))


@pytest.mark.parametrize("fields", [{"priority": -5}, {}], ids=["urgent", "the clock went back"])
def test_a_job_before_the_mark_is_relayed(fields: dict[str, int]) -> None:
    _marked_at(FUTURE)
    job_id = in_line(**fields)
    assert _relay() == 1
    assert steps.is_in_window(job_id)
    steps.assert_nothing_is_lost()


def test_a_job_before_the_mark_is_relayed_beside_an_old_snapshot_too() -> None:
    _marked_at(FUTURE)
    fill, job_id = relay.Relay(), in_line()
    _slow(fill._marks)
    LineMark.objects.update(begins_at=FUTURE)
    assert _relay(fill) == 0, "it is looked for by its mark"
    wait_until(lambda: _relay(fill) == 1)
    assert steps.is_in_window(job_id)


def test_tenants_before_the_mark_are_relayed_without_a_pause_beside_an_old_snapshot() -> None:
    fill = relay.Relay()
    for _ in range(20):
        in_line(tenant="a")
    in_line(tenant="b")
    _relay(fill)
    _slow(fill._marks, took_s=60)
    LineMark.objects.update(begins_at=FUTURE, waiting_id=None)
    for _ in range(4):
        Bundle.objects.all().delete()
        assert _relay(fill) == 4
    Bundle.objects.all().delete()
    assert _relay(fill) == 1
    assert _relay(fill) == 0
    assert not fill._unfinished, "an empty line is not read again"


def test_an_empty_line_behind_a_full_window_is_marked_once_beside_an_old_snapshot() -> None:
    fill = relay.Relay()
    for _ in range(4):
        in_line()
    _relay(fill)
    _slow(fill._marks, took_s=60)
    seen = set()
    for _ in range(3):
        assert _relay(fill) == 0
        seen.add(LineMark.objects.get().marked_at)
    assert len(seen) == 1


def test_new_jobs_queue_up_behind_tenants_before_the_mark_beside_an_old_snapshot() -> None:
    fill = relay.Relay()
    for _ in range(20):
        in_line(tenant="a")
    _relay(fill)
    _slow(fill._marks, took_s=60)
    LineMark.objects.update(begins_at=FUTURE, waiting_id=None)
    Bundle.objects.all().delete()
    assert _relay(fill) == 4
    Bundle.objects.all().delete()
    assert _is_behind_the_line()


def test_whole_lines_are_read_again_within_seconds_however_long_that_takes() -> None:
    marks, began = LineMarks(), monotonic()
    marks.read_all([], 600)
    assert marks._whole_at < began + 60


def test_a_slow_look_moves_the_marks_of_many_queues_by_turns() -> None:
    queues = [f"tenant {number}" for number in range(3 * line_marks._MOVED_AT_ONCE)]
    marks = LineMarks()
    for moved in (1, 2, 3):
        marks._slow_at = 0.0
        marks.read_all(queues, 0.05)
        assert LineMark.objects.count() == moved * line_marks._MOVED_AT_ONCE


def test_an_urgent_job_overtakes_a_line_that_is_behind_the_mark() -> None:
    for _ in range(7):
        in_line()
    _relay()
    Bundle.objects.all().delete()
    urgent = in_line(priority=-5)
    _relay()
    assert steps.is_in_window(urgent)


@pytest.mark.parametrize("has_room", [True, False])
def test_new_jobs_queue_up_behind_jobs_before_the_mark_once_the_relay_found_them(has_room: bool) -> None:
    for _ in range(0 if has_room else 4):
        steps.enqueued()
    _marked_at(FUTURE)
    waiting = [in_line() for _ in range(6)]
    _relay()
    assert steps.stands_in_line(waiting[-1])
    assert _is_behind_the_line()
    while steps.stands_in_line(waiting[-1]):
        Bundle.objects.all().delete()
        _relay()
    assert steps.is_in_window(waiting[-1])


def test_a_recalled_job_with_an_older_rank_is_relayed_again() -> None:
    waiting = [in_line() for _ in range(4)]
    _relay()
    _marked_at(FUTURE)
    sql.run("recall", {"bundles": list(Bundle.objects.values_list("id", flat=True))})
    assert all(steps.stands_in_line(job_id) for job_id in waiting)
    assert _relay() == 4
    steps.assert_nothing_is_lost()


def test_a_replayed_job_is_relayed() -> None:
    claim = steps.job_in(State.DEAD)
    _marked_at(FUTURE)
    same = dict.fromkeys(("args", "schema_version", "limit_key"))
    assert sql.run("replay", {"ids": [claim.id], **same}) == [(claim.id,)]
    assert _relay() == 1
    assert steps.is_in_window(claim.id)


def test_retried_jobs_keep_their_rank_and_are_relayed() -> None:
    claim = steps.running()
    transitions.retry(claim, steps.TROUBLE, steps.HOUR)
    _marked_at(FUTURE)
    assert steps.released(claim.id) == 1
    assert _relay() == 1
    assert steps.is_in_window(claim.id)
