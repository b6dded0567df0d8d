"""However many wait, the relay works in parts: short ones, each committed, and no queue has all its time."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from apps.jobs import transitions
from apps.jobs.keeper import packing, relay
from apps.jobs.messages import broker
from apps.jobs.models import Lane, Parked, Ready
from apps.jobs.transitions import Fill, Rules, lanes, waiting
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.crowd import many_in_line
from tests.jobs.steps import QUEUE, another_session, in_line, published_ids

WALK = "kinds.walk"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a part be small, and forget which lanes another test looked at."""
    monkeypatch.setattr(waiting, "_TAKE_AT_ONCE", 500)
    monkeypatch.setattr(waiting, "_PARK_AT_ONCE", 20)
    monkeypatch.setattr(lanes, "_AT_ONCE", 10)
    lanes._look_again_at.clear()
    lanes._walks.clear()
    yield
    lanes._look_again_at.clear()
    lanes._walks.clear()


def test_each_part_of_a_long_line_is_committed_before_the_next(committed: None) -> None:
    many_in_line(1500)
    parts = transitions.relay_in_parts(QUEUE, 100, Rules(1, {steps.KIND: Fill(50, 50)}))
    with another_session() as other:
        for left in (1000, 500):
            assert [len(message.ids) for message in next(parts)] == [50] * 10
            assert other.do(Ready.objects.count) == left
    assert len(published_ids([message for part in parts for message in part])) == 500
    assert not Ready.objects.exists()


def test_a_paused_crowd_is_parked_in_parts_before_those_behind_it_go(committed: None) -> None:
    many_in_line(100, kind=WALK)
    last = in_line()
    parts = transitions.relay_in_parts(QUEUE, 5, Rules(paused=[WALK]))
    with another_session() as other:
        for parked in (10, 20, 30):
            assert next(parts) == []
            assert other.do(Parked.objects.count) == parked
    assert published_ids([message for part in parts for message in part]) == [last]
    assert Parked.objects.count() == 100
    steps._rows("DELETE FROM jobs_parked RETURNING 1")


@pytest.mark.django_db
def test_jobs_are_spread_over_the_slots_as_if_the_line_were_taken_at_once() -> None:
    many_in_line(1500)
    messages = transitions.relay(QUEUE, 100, Rules(30, {steps.KIND: Fill(500, 1)}))
    assert [len(message.ids) for message in messages] == [50] * 30


@pytest.mark.django_db
class TestMoreLanesThanALook:
    def test_every_job_of_every_lane_goes(self) -> None:
        expected = [job for number in range(25) for job in many_in_line(50, lane=f"t{number}")]
        assert sorted(published_ids(transitions.relay(QUEUE, 2000))) == sorted(expected)

    def test_each_look_goes_on_where_the_last_ended_and_begins_again_after_the_last(self) -> None:
        for number in range(25):
            many_in_line(1, lane=f"t{number}")
        looks = [lanes.bring_up(QUEUE, (), now=True) for _ in range(4)]
        assert looks == [(True, False), (False, False), (False, True), (True, False)]
        assert Lane.objects.count() == 25

    def test_one_that_found_nobody_is_not_repeated_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lanes, "_REST_FACTOR", 1e6)
        for number in range(25):
            many_in_line(1, lane=f"t{number}")
        for _ in range(3):
            assert lanes.bring_up(QUEUE, (), now=True)
        assert lanes.bring_up(QUEUE, (), now=True), "the last look found some"
        assert lanes.bring_up(QUEUE, (), now=True) is None

    def test_a_lane_that_the_looks_have_not_reached_is_served_when_the_others_are_empty(self) -> None:
        for number in range(10):
            many_in_line(110, lane=f"a{number}")
        last = many_in_line(1, lane="z")
        lanes.bring_up(QUEUE, (), now=True)
        assert not Lane.objects.filter(lane="z").exists()
        assert set(last) <= set(published_ids(transitions.relay(QUEUE, 2000)))


def test_when_the_time_is_up_each_queue_still_gets_a_part(
    committed: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "BACKLINE_WINDOW", 40)
    monkeypatch.setattr(packing, "fills", lambda: {steps.KIND: Fill(50, 50)})
    monkeypatch.setattr(relay, "_AT_A_STRETCH_S", 0.0)
    many_in_line(1500)
    elsewhere = in_line(queue="imports")
    fill = relay.Relay()
    with broker.connected() as producer:
        assert fill(producer) == 10 + 1, "and not all the forty that there is room for"
    assert inbox.job_ids("imports") == [str(elsewhere)]
