"""Tenants take turns: however much one of them put in line, another's first job is next."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import transaction

from apps.jobs import transitions
from apps.jobs.models import Job, Lane, Ready
from apps.jobs.transitions import Fill, Rules, lanes
from tests.jobs import steps
from tests.jobs.crowd import many_in_line
from tests.jobs.steps import QUEUE, published_ids

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sharp_eyed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look for new lanes at every turn, and forget when another test looked last."""
    monkeypatch.setattr(lanes, "_LONGEST_S", 0.0)
    lanes._look_again_at.clear()
    yield
    lanes._look_again_at.clear()


def tenants_of(ids: list[UUID]) -> Counter[str]:
    """Count jobs by tenant."""
    return Counter(Job.objects.filter(id__in=ids).values_list("tenant", flat=True))


def round_of(room: int = 10, rules: Rules | None = None) -> Counter[str]:
    """Relay once and count what each tenant got."""
    return tenants_of(published_ids(transitions.relay(QUEUE, room, rules)))


def test_a_crowd_of_one_tenant_and_one_job_of_another_share_the_next_round() -> None:
    many_in_line(5000, lane="big")
    assert round_of() == {"big": 10}
    many_in_line(1, lane="small")
    assert round_of() == {"big": 9, "small": 1}


def test_a_thousand_tenants_are_all_served_before_anybody_is_served_twice() -> None:
    many_in_line(2000, lane="t0")
    for number in range(1, 1000):
        many_in_line(2, lane=f"t{number}")
    served: Counter[str] = Counter()
    while len(served) < 1000:
        served += round_of(100)
    assert set(served.values()) == {1}


def test_everybody_gets_about_the_same_while_all_have_work() -> None:
    for name in ("a", "b", "c"):
        many_in_line(2000, lane=name)
    served = sum((round_of(32) for _ in range(30)), Counter())
    assert max(served.values()) - min(served.values()) <= 11
    assert sum(served.values()) == 30 * 32


def test_a_tenant_with_more_weight_gets_more() -> None:
    for name in ("a", "b"):
        many_in_line(2000, lane=name)
    lanes.bring_up(QUEUE, (), now=True)
    Lane.objects.filter(lane="a").update(weight=3)
    served = sum((round_of(8) for _ in range(50)), Counter())
    assert served["a"] / served["b"] == pytest.approx(3, rel=0.1)


def test_a_room_that_few_lanes_share_is_filled() -> None:
    many_in_line(3000, lane="big")
    many_in_line(2, lane="small")
    assert round_of(100) == {"big": 98, "small": 2}


def test_bundles_are_filled_from_all_lanes() -> None:
    for name in ("a", "b"):
        many_in_line(1500, lane=name)
    messages = transitions.relay(QUEUE, 2, Rules(1, {steps.KIND: Fill(500, 400)}))
    assert [len(message.ids) for message in messages] == [500, 500]
    assert tenants_of(published_ids(messages)) == {"a": 500, "b": 500}


def test_who_comes_late_earned_no_credit_by_being_away() -> None:
    many_in_line(2000, lane="old")
    for _ in range(20):
        round_of()
    many_in_line(2000, lane="new")
    served = sum((round_of() for _ in range(10)), Counter())
    assert served["new"] - served["old"] <= 20


def test_in_one_lane_rank_decides() -> None:
    many_in_line(1500, lane="a")
    urgent = steps.in_line(priority=-5)
    Ready.objects.filter(id=urgent).update(lane="a")
    assert published_ids(transitions.relay(QUEUE, 1)) == [urgent]


def urgent_in_line(count: int, tenant: str) -> None:
    """Put jobs in line that come first by their priority."""
    for job_id in many_in_line(count, lane=tenant):
        Ready.objects.filter(id=job_id).update(rank="2001-01-01T00:00Z")


@pytest.mark.parametrize("depth", [40, 1500], ids=["a short line", "a long line"])
def test_priority_buys_no_place_before_other_tenants(depth: int) -> None:
    many_in_line(depth, lane="modest")
    urgent_in_line(20, "pushy")
    assert round_of() == round_of() == {"modest": 5, "pushy": 5}


def test_in_a_line_that_goes_whole_rank_decides_whoever_s_the_jobs_are() -> None:
    modest = many_in_line(5, lane="modest")
    urgent_in_line(1, "pushy")
    sent = published_ids(transitions.relay(QUEUE, 10))
    assert (sent[1:], len(sent)) == (modest, 6)


def test_every_job_of_every_lane_is_relayed_once() -> None:
    waiting = [job for number in range(40) for job in many_in_line(60, lane=f"t{number}")]
    sent: list[UUID] = []
    while more := published_ids(transitions.relay(QUEUE, 50, Rules(2, {steps.KIND: Fill(7, 2)}))):
        sent += more
    assert sorted(sent) == sorted(waiting)
    assert not Ready.objects.exists()
    steps.assert_nothing_is_lost()


def test_a_queue_s_lanes_are_its_own() -> None:
    many_in_line(1500, lane="a")
    many_in_line(1500, lane="a", queue="imports")
    assert round_of() == {"a": 10}
    assert Ready.objects.filter(queue="imports").count() == 1500


def test_lanes_that_nobody_stands_in_are_forgotten_except_weighted_ones() -> None:
    many_in_line(1100, lane="gone")
    many_in_line(1100, lane="weighted")
    many_in_line(1100, lane="there")
    lanes.bring_up(QUEUE, (), now=True)
    Lane.objects.filter(lane="weighted").update(weight=2)
    Ready.objects.filter(lane__in=["gone", "weighted"]).delete()
    assert lanes.forget() == 1
    assert set(Lane.objects.values_list("lane", flat=True)) == {"weighted", "there"}


def test_one_that_had_more_than_those_who_wait_is_remembered_until_they_had_as_much() -> None:
    many_in_line(1100, lane="there")
    many_in_line(1, lane="greedy")
    lanes.bring_up(QUEUE, (), now=True)
    Lane.objects.filter(lane="greedy").update(vtime=50)
    Ready.objects.filter(lane="greedy").delete()
    assert lanes.forget() == 0
    Lane.objects.filter(lane="there").update(vtime=60)
    assert lanes.forget() == 1


def test_a_lane_that_the_relay_serves_meanwhile_is_neither_waited_for_nor_forgotten(committed: None) -> None:
    for name in ("idle", "served"):
        Lane.objects.create(queue=QUEUE, lane=name)
    with steps.another_session() as relay:
        relay.do(lambda: transaction.set_autocommit(False))
        relay.do(lambda: Lane.objects.filter(lane="served").update(vtime=1))
        assert lanes.forget() == 1
        relay.do(transaction.commit)
        relay.do(lambda: transaction.set_autocommit(True))
    assert Lane.objects.values_list("lane", "vtime").get() == ("served", 1)
    Lane.objects.all().delete()


@pytest.mark.parametrize("name", ["'; DROP TABLE jobs_lane --", "%s", "a/b", "\u202e", "ß" * 150])
def test_a_tenant_may_be_called_anything(name: str) -> None:
    many_in_line(1001, lane=name)
    many_in_line(1001, lane="other")
    assert round_of() == {name: 5, "other": 5}
