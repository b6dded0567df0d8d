"""Limits: what is counted, and that the count is never passed by all workers together."""

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import F

from apps.jobs import sql, transitions
from apps.jobs.kinds import limits
from apps.jobs.kinds.limits import Limit, Rate
from apps.jobs.models import Bucket, Bundle, Job, Lane, Slot
from apps.jobs.transitions import Fill, Rules, lanes
from tests.jobs import steps
from tests.jobs.crowd import many_in_line
from tests.jobs.steps import published_ids
from tests.kinds.add import add

if TYPE_CHECKING:
    from collections.abc import Callable


def a_task(**declared: Any) -> Any:
    """Return a job type with these limits."""
    plain = {"aliases": (), "limit": None, "concurrency": None, "limit_by": None}
    return SimpleNamespace(**{"name": "kinds.add", "parameters": add.parameters} | plain | declared)


class TestRates:
    @pytest.mark.parametrize(
        ("text", "jobs", "seconds"),
        [("10/min", 10, 60), ("1/s", 1, 1), (" 5 / Hour ", 5, 3600), ("7/day", 7, 86400), ("3/m", 3, 60)],
    )
    def test_a_rate_is_jobs_in_a_time(self, text: str, jobs: int, seconds: int) -> None:
        assert Rate.parse(text) == Rate(jobs, seconds)

    @pytest.mark.parametrize(
        "text", ["", "10", "10/", "/min", "0/min", "-1/min", "1.5/s", "10/fortnight", "10/min;"]
    )
    def test_what_is_no_rate_is_refused_with_the_way_to_write_it(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no rate. Write jobs per s, min, hour or day: 10/min."):
            Rate.parse(text)


class TestKeys:
    def test_a_kind_without_limits_has_no_key(self) -> None:
        assert limits.key_of(a_task(), {"a": 1}) == ""

    @pytest.mark.parametrize("declared", [{"limit": "1/s"}, {"concurrency": 1}])
    def test_a_limited_kind_is_its_own_key(self, declared: dict[str, Any]) -> None:
        assert limits.key_of(a_task(**declared), {"a": 1}) == "kinds.add"

    def test_one_argument_can_have_a_limit_for_each_of_its_values(self) -> None:
        task = a_task(concurrency=1, limit_by="a")
        assert limits.key_of(task, {"a": 7, "b": 1}) == "kinds.add:7"

    def test_an_argument_that_was_left_out_counts_as_its_default(self) -> None:
        task = a_task(concurrency=1, limit_by="b")
        assert limits.key_of(task, {"a": 7}) == limits.key_of(task, {"a": 8, "b": 1}) == "kinds.add:1"

    def test_a_value_of_any_length_makes_a_key_that_an_index_can_hold(self) -> None:
        task = a_task(concurrency=1, limit_by="a")
        long, longer = limits.key_of(task, {"a": "x" * 60_000}), limits.key_of(task, {"a": "x" * 60_001})
        assert long != longer
        assert max(len(long), len(longer)) < 200

    def test_a_rename_changes_no_key_however_often_it_happens(self) -> None:
        task = a_task(name="kinds.sum", aliases=("kinds.add", "kinds.plus"), concurrency=1, limit_by="a")
        assert limits.key_of(task, {"a": 7}) == limits.key_of(a_task(concurrency=1, limit_by="a"), {"a": 7})
        assert limits.counted_as(task, "kinds.plus:7:8") == "kinds.add:7:8"
        assert limits.counted_as(task, "kinds.plus") == "kinds.add"

    def test_a_limited_key_stands_in_a_lane_of_its_own(self) -> None:
        assert limits.lane_of("acme", "") == "acme"
        assert limits.lane_of("acme", "kinds.add:7") == "acme/kinds.add:7"
        assert limits.lane_of("", "kinds.add") == "/kinds.add"


def test_the_declared_limits_are_those_of_the_kinds_that_have_one() -> None:
    tasks = [a_task(), a_task(limit="10/min", concurrency=3), a_task(concurrency=1)]
    assert limits.declared(tasks) == [
        Limit("kinds.add", 3, Rate(10, 60)),
        Limit("kinds.add", 1, None),
    ]


def limited(
    *, concurrency: int | None = None, rate: Rate | None = None, kind: str = steps.KIND, **more: Any
) -> Rules:
    """Return rules with one limited kind."""
    return Rules(limits=[Limit(kind, concurrency, rate)], **more)


def waiting(count: int, key: str = steps.KIND, tenant: str = "", **more: Any) -> list[UUID]:
    """Put limited jobs in line."""
    return many_in_line(count, lane=limits.lane_of(tenant, key), key=key, **more)


def relayed(rules: Rules, room: int = 32) -> list[UUID]:
    """Relay once and return the jobs that went."""
    return published_ids(transitions.relay(steps.QUEUE, room, rules))


def claims_of(ids: list[UUID], worker_id: int) -> list[transitions.Claim]:
    """Claim jobs as the worker that got their messages."""
    return [steps.claimed(job_id, worker_id) for job_id in ids]


def time_passes(by: timedelta) -> None:
    """Let buckets fill and blocked lanes come back."""
    Bucket.objects.update(refilled_at=F("refilled_at") - by)
    Lane.objects.filter(blocked_until__isnull=False).update(blocked_until=F("blocked_until") - by)


@pytest.fixture
def _sharp_eyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_LONGEST_S", 0.0)
    lanes._look_again_at.clear()


DEPTHS = pytest.mark.parametrize("depth", [10, 1500], ids=["a short line", "a long line"])


@pytest.mark.django_db
@pytest.mark.usefixtures("_sharp_eyed")
class TestConcurrency:
    @DEPTHS
    def test_no_more_are_relayed_than_may_run(self, depth: int) -> None:
        ids = waiting(depth)
        rules = limited(concurrency=3)
        assert relayed(rules) == ids[:3]
        assert relayed(rules) == []
        assert set(Slot.objects.values_list("job_id", flat=True)) == set(ids[:3])

    def test_what_is_over_the_limit_takes_no_room_from_others(self) -> None:
        waiting(1500)
        plain = many_in_line(1500, kind="kinds.walk")
        rules = limited(concurrency=2)
        sent = relayed(rules, room=10)
        assert len(sent) == 10
        assert len(set(sent) & set(plain)) == 8
        assert set(relayed(rules, room=10)) < set(plain)

    @DEPTHS
    def test_each_key_has_its_own_count(self, depth: int) -> None:
        first, second = waiting(depth, "kinds.add:1"), waiting(depth, "kinds.add:2")
        assert sorted(relayed(limited(concurrency=1))) == sorted([first[0], second[0]])

    @DEPTHS
    def test_and_one_for_all_tenants(self, depth: int) -> None:
        waiting(depth, tenant="a")
        waiting(depth, tenant="b")
        rules = limited(concurrency=3)
        assert len(relayed(rules)) == 3
        assert relayed(rules) == []

    @pytest.mark.parametrize("outcome", ["succeed", "retry", "snooze", "bury", "stop", "rescue", "hand back"])
    def test_every_way_out_of_a_worker_frees_the_place(self, outcome: str) -> None:
        waiting(2)
        rules, worker_id = limited(concurrency=1), steps.a_worker()
        [first] = relayed(rules)
        [claim] = claims_of([first], worker_id)
        assert claim.is_limited
        leave: dict[str, Callable[[], object]] = {
            "succeed": lambda: transitions.succeed(claim, None),
            "retry": lambda: transitions.retry(claim, steps.TROUBLE, steps.HOUR),
            "snooze": lambda: transitions.snooze(claim, steps.HOUR, ""),
            "bury": lambda: transitions.bury(claim, steps.TROUBLE, {}),
            "stop": lambda: transitions.stop(claim),
            "rescue": lambda: transitions.rescue([worker_id], max_deaths=3),
            "hand back": lambda: transitions.hand_back(worker_id),
        }
        assert relayed(rules) == []
        assert leave[outcome]()
        assert not Slot.objects.exists()
        assert len(relayed(rules)) == 1

    def test_a_cancel_before_the_start_frees_the_place(self) -> None:
        ids = waiting(2)
        rules = limited(concurrency=1)
        assert relayed(rules) == [ids[0]]
        transitions.cancel(ids[0])
        assert relayed(rules) == [ids[1]]

    def test_a_place_whose_job_got_away_is_freed_after_a_moment(self) -> None:
        ids = waiting(3)
        worker_id = steps.a_worker()
        sent, runs, gone = relayed(limited(concurrency=3))
        claims_of([runs], worker_id)
        Bundle.objects.filter(ids__contains=[gone]).delete()
        assert sql.run("free_slots", {}) == []
        Slot.objects.update(taken_at=F("taken_at") - timedelta(seconds=6))
        assert sql.run("free_slots", {}) == [(gone,)]
        assert set(Slot.objects.values_list("job_id", flat=True)) == {sent, runs}
        assert sorted(ids) == sorted([sent, runs, gone])

    def test_a_place_whose_job_ended_behind_our_back_is_freed(self) -> None:
        waiting(1)
        [job_id] = relayed(limited(concurrency=1))
        Job.objects.filter(id=job_id).delete()
        Slot.objects.update(taken_at=F("taken_at") - timedelta(seconds=6))
        assert sql.run("free_slots", {}) == [(job_id,)]


@pytest.mark.django_db
@pytest.mark.usefixtures("_sharp_eyed")
class TestRate:
    @DEPTHS
    def test_no_more_start_than_the_rate_allows(self, depth: int) -> None:
        ids = waiting(depth)
        rules = limited(rate=Rate(5, 60))
        assert relayed(rules) == ids[:5]
        assert relayed(rules) == []
        time_passes(timedelta(seconds=24.1))
        assert relayed(rules) == ids[5:7]
        assert relayed(rules) == []

    def test_a_long_rest_earns_no_more_than_one_full_measure(self) -> None:
        waiting(30)
        rules = limited(rate=Rate(5, 60))
        relayed(rules)
        time_passes(timedelta(days=3))
        assert len(relayed(rules)) == 5

    def test_a_clock_that_went_back_gives_nothing_away(self) -> None:
        waiting(30)
        rules = limited(rate=Rate(5, 60))
        relayed(rules)
        time_passes(timedelta(hours=-1))
        Lane.objects.update(blocked_until=None)
        assert relayed(rules) == []

    def test_a_lane_that_spent_its_tokens_is_passed_by_until_the_next(self) -> None:
        waiting(1500)
        plain = many_in_line(1500, kind="kinds.walk")
        rules = limited(rate=Rate(5, 60))
        relayed(rules, room=20)
        lane = Lane.objects.get(lane="/kinds.add")
        assert lane.blocked_until is not None
        assert set(relayed(rules, room=20)) < set(plain)
        time_passes(timedelta(seconds=13))
        assert len(set(relayed(rules, room=20)) - set(plain)) == 1

    def test_only_what_goes_costs_a_token(self) -> None:
        waiting(30)
        rules = limited(rate=Rate(5, 60))
        assert len(relayed(rules, room=2)) == 2
        assert len(relayed(rules, room=32)) == 3

    def test_jobs_with_only_a_rate_share_messages(self) -> None:
        waiting(30)
        rules = limited(rate=Rate(20, 60), fills={steps.KIND: Fill(500, 400)})
        [message] = transitions.relay(steps.QUEUE, 32, rules)
        assert len(message.ids) == 20

    def test_both_limits_hold(self) -> None:
        waiting(30)
        rules = limited(concurrency=3, rate=Rate(5, 60))
        worker_id = steps.a_worker()
        for claim in claims_of(relayed(rules), worker_id):
            transitions.succeed(claim, None)
        assert len(relayed(rules)) == 2


def test_two_keepers_at_once_do_not_pass_a_limit(committed: None) -> None:
    waiting(20)
    rules = limited(concurrency=3, rate=Rate(4, 60))
    sent: list[UUID] = []
    with steps.another_session() as other:
        with steps.open_transaction():
            sent += relayed(rules)
            sent += other.do(lambda: relayed(rules))
        sent += other.do(lambda: relayed(rules))
    assert len(sent) == 3


def test_a_keeper_that_dies_before_its_commit_took_neither_places_nor_tokens(committed: None) -> None:
    waiting(20)
    rules = limited(concurrency=3, rate=Rate(3, 60))
    with steps.open_transaction():
        relayed(rules)
        transaction.set_rollback(True)
    assert not Slot.objects.exists()
    assert len(relayed(rules)) == 3


def test_a_cancel_that_has_not_committed_is_not_waited_for(committed: None) -> None:
    ids = waiting(3)
    with transaction.atomic():
        transitions.cancel(ids[0])
        with steps.another_session() as keeper:
            assert keeper.do(lambda: relayed(limited(concurrency=3))) == ids[1:]
    steps.assert_nothing_is_lost()
