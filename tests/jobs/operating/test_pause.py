"""Pause: nothing new starts, what runs goes on, nobody stands behind it, and all of it comes back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from apps.jobs import transitions
from apps.jobs.keeper import relay
from apps.jobs.kinds.limits import Limit
from apps.jobs.messages import broker
from apps.jobs.models import Action, Bundle, Parked, Pause, Ready, Slot
from apps.jobs.operating import pause
from apps.jobs.registry import UnknownKind
from apps.jobs.states import State
from apps.jobs.transitions import Rules
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.crowd import many_in_line
from tests.jobs.steps import QUEUE, in_line, published_ids, state_of
from tests.local.waiting import wait_until

WALK = "kinds.walk"
SCOPES = pytest.mark.parametrize(("scope", "name"), [("queue", QUEUE), ("kind", steps.KIND)])


def hours(count: int) -> datetime:
    """Return a moment so many hours from now."""
    return datetime.now(UTC) + timedelta(hours=count)


def relayed(room: int = 32) -> list[UUID]:
    """Relay as the keeper does, and return the jobs that went."""
    rules = [Rules(paused=window.paused) for window in relay._windows() if window.queue == QUEUE]
    return [job for each in rules for job in published_ids(transitions.relay(QUEUE, room, each))]


def end_it(scope: str, name: str) -> None:
    """Let a pause's time come."""
    Pause.objects.filter(scope=scope, name=name).update(until="2001-01-01T00:00Z")


@pytest.mark.django_db
class TestPausing:
    @SCOPES
    def test_nothing_new_starts_until_it_is_resumed(self, scope: str, name: str) -> None:
        waiting = [in_line() for _ in range(3)]
        pause.pause(scope, name)
        assert relayed() == []
        assert pause.resume(scope, name)
        pause.go_on()
        assert relayed() == waiting
        steps.assert_nothing_is_lost()

    @SCOPES
    def test_what_is_in_the_broker_unclaimed_is_recalled_to_its_place_in_line(
        self, scope: str, name: str
    ) -> None:
        first, second = steps.enqueued(), in_line()
        [message] = transitions.relay(QUEUE, 1)
        assert pause.pause(scope, name) == 2
        assert transitions.claim(message.ids, bundle=message.id, worker_id=1) == []
        assert not Bundle.objects.exists()
        pause.resume(scope, name)
        pause.go_on()
        assert relayed() == [first, second]
        assert steps.claimed(first, 1).id == first

    @SCOPES
    def test_what_runs_goes_on_and_may_finish(self, scope: str, name: str) -> None:
        claim = steps.running()
        assert pause.pause(scope, name) == 0
        assert transitions.succeed(claim, None)

    @SCOPES
    def test_what_comes_while_it_is_paused_waits(self, scope: str, name: str) -> None:
        pause.pause(scope, name)
        job_id = in_line()
        assert relayed() == []
        assert state_of(job_id) == State.READY

    def test_other_queues_and_kinds_go_on(self) -> None:
        pause.pause("kind", WALK)
        pause.pause("queue", "imports")
        in_line(kind=WALK)
        in_line(queue="imports")
        other = in_line()
        assert relayed() == [other]

    def test_the_recall_frees_places_of_limits(self) -> None:
        many_in_line(2, lane="/kinds.add", key="kinds.add")
        transitions.relay(QUEUE, 10, Rules(limits=[Limit("kinds.add", 1, None)]))
        assert Slot.objects.count() == 1
        pause.pause("queue", QUEUE)
        assert not Slot.objects.exists()
        assert Ready.objects.count() == 2

    def test_a_job_that_lost_a_worker_goes_alone_also_after_a_recall(self) -> None:
        worker_id = steps.a_worker()
        killer = steps.running(worker_id).id
        transitions.rescue([worker_id], max_deaths=3)
        relayed()
        pause.pause("queue", QUEUE)
        assert Ready.objects.get(id=killer).alone

    def test_more_than_one_statement_s_worth_is_recalled(self) -> None:
        for _ in range(3):
            many_in_line(200)
            relayed(200)
        assert pause.pause("queue", QUEUE) == 600
        assert not Bundle.objects.exists()

    def test_a_message_whose_jobs_all_ended_does_not_end_the_recall(self) -> None:
        gone, waits = steps.enqueued(), steps.enqueued()
        transitions.cancel(gone)
        assert pause.pause("queue", QUEUE) == 1
        assert steps.stands_in_line(waits)


@pytest.mark.django_db
class TestParking:
    def test_nobody_stands_behind_a_paused_crowd(self) -> None:
        many_in_line(3000, kind=WALK)
        behind = in_line(priority=900)
        pause.pause("kind", WALK)
        assert relayed(room=1) == [behind]
        assert Parked.objects.count() == 3000

    def test_nor_behind_one_in_another_lane(self) -> None:
        for name in ("a", "b", "c"):
            many_in_line(1200, kind=WALK, lane=name)
        [behind] = many_in_line(1, lane="d")
        pause.pause("kind", WALK)
        rounds = [relayed(room=2) for _ in range(3)]
        assert [behind] in rounds

    def test_the_parked_keep_their_place(self) -> None:
        first = in_line(priority=-1)
        [second] = many_in_line(1, lane="acme")
        before = set(Ready.objects.values_list("id", "lane", "rank", "kind", "alone"))
        pause.pause("kind", steps.KIND)
        relayed()
        assert set(Parked.objects.values_list("id", flat=True)) == {first, second}
        pause.resume("kind", steps.KIND)
        assert pause.go_on() == 2
        assert set(Ready.objects.values_list("id", "lane", "rank", "kind", "alone")) == before
        assert not Parked.objects.exists()

    def test_a_crowd_comes_back_whole_while_another_kind_stays_parked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pause, "_AT_ONCE", 100)
        many_in_line(250, kind=WALK)
        stays = in_line()
        pause.pause("kind", WALK)
        pause.pause("kind", steps.KIND)
        relayed()
        pause.resume("kind", WALK)
        assert pause.go_on() == 250
        assert list(Parked.objects.values_list("id", flat=True)) == [stays]

    def test_a_parked_job_can_be_cancelled_and_does_not_come_back(self) -> None:
        job_id = in_line()
        pause.pause("kind", steps.KIND)
        relayed()
        assert transitions.cancel(job_id) == State.CANCELLED
        assert not Parked.objects.exists()


@pytest.mark.django_db
class TestUntil:
    @SCOPES
    def test_it_is_resumed_by_itself(self, scope: str, name: str) -> None:
        waiting = in_line()
        pause.pause(scope, name, until=hours(1))
        assert relayed() == []
        pause.go_on()
        assert relayed() == []
        end_it(scope, name)
        pause.go_on()
        assert relayed() == [waiting]
        assert not Pause.objects.exists()

    def test_a_pause_that_is_over_is_no_pause_though_its_row_is_there(self) -> None:
        pause.pause("queue", QUEUE, until=hours(1))
        end_it("queue", QUEUE)
        assert list(pause.paused()) == []
        assert not pause.resume("queue", QUEUE)

    def test_the_second_pause_replaces_the_first(self) -> None:
        pause.pause("queue", QUEUE, until=hours(1), reason="lunch")
        pause.pause("queue", QUEUE, reason="the till is on fire")
        [row] = pause.paused()
        assert (row.until, row.reason) == (None, "the till is on fire")


@pytest.mark.django_db
class TestWords:
    def test_both_are_recorded_with_who_and_why(self) -> None:
        ada = get_user_model().objects.create(email="ada@example.com")
        steps.enqueued()
        until = hours(2)
        pause.pause("queue", QUEUE, until=until, reason="deploy", by=ada)
        pause.resume("queue", QUEUE, reason="done", by=ada)
        paused, resumed = Action.objects.order_by("id")
        told = (paused.verb, paused.subject, paused.count, paused.reason)
        assert told == ("pause", f"queue {QUEUE}", 1, "deploy")
        assert paused.details == {"until": until.isoformat()}
        assert (resumed.verb, resumed.actor_id, resumed.reason) == ("resume", ada.pk, "done")

    def test_resuming_what_is_not_paused_changes_and_records_nothing(self) -> None:
        assert not pause.resume("queue", QUEUE)
        assert not Action.objects.exists()

    @pytest.mark.parametrize(
        ("pausing", "error"),
        [
            (lambda: pause.pause("worker", "one"), ValueError),
            (lambda: pause.pause("kind", "kinds.nobody"), UnknownKind),
            (lambda: pause.pause("queue", ""), ValueError),
            (lambda: pause.pause("queue", QUEUE, until=datetime(2030, 1, 1)), ValueError),  # noqa: DTZ001
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, pausing: Callable[[], object], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            pausing()
        assert not Pause.objects.exists()


class TestAtTheSameTime:
    def test_a_recall_leaves_a_message_that_is_being_claimed(self, committed: None) -> None:
        job_id = steps.enqueued()
        with transaction.atomic():
            claim = steps.claimed(job_id, 1)
            with steps.another_session() as person:
                assert person.do(lambda: pause.pause("queue", QUEUE)) == 0
        assert state_of(job_id) == State.RUNNING
        assert steps.is_in_window(job_id)
        assert not steps.stands_in_line(job_id)
        assert transitions.succeed(claim, None)

    def test_a_claim_that_comes_while_its_message_is_recalled_gets_nothing(self, committed: None) -> None:
        job_id = steps.enqueued()
        bundle = steps.bundle_of(job_id)
        with steps.another_session() as worker:
            with transaction.atomic():
                assert pause.pause("queue", QUEUE) == 1
                claims = worker.start(lambda: transitions.claim([job_id], bundle=bundle, worker_id=1))
                wait_until(lambda: worker.waits_for_a_lock() or claims.done())
                assert not claims.done()
            assert claims.result(20) == []
        assert steps.stands_in_line(job_id)
        assert state_of(job_id) == State.QUEUED

    def test_a_job_enqueued_in_a_transaction_that_began_before_the_pause_is_recalled_later(
        self, committed: None
    ) -> None:
        with transaction.atomic():
            job_id = steps.enqueued()
            with steps.another_session() as person:
                assert person.do(lambda: pause.pause("queue", QUEUE)) == 0
        assert steps.is_in_window(job_id)
        assert pause.recall() == 1
        assert steps.stands_in_line(job_id)

    def test_a_pause_that_is_rolled_back_never_was(self, committed: None) -> None:
        job_id = steps.enqueued()
        with transaction.atomic():
            pause.pause("queue", QUEUE)
            transaction.set_rollback(True)
        assert steps.is_in_window(job_id)
        assert not Action.objects.exists()

    def test_two_keepers_put_each_parked_job_in_line_once(self, committed: None) -> None:
        waiting = in_line()
        pause.pause("kind", steps.KIND)
        relayed()
        pause.resume("kind", steps.KIND)
        with transaction.atomic():
            assert pause.go_on() == 1
            with steps.another_session() as other:
                assert other.do(pause.go_on) == 0
        assert relayed() == [waiting]


def test_the_relay_of_the_keeper_heeds_both(committed: None, inbox: Inbox) -> None:
    in_line(kind=WALK)
    in_line(queue="imports")
    goes = in_line()
    pause.pause("kind", WALK)
    pause.pause("queue", "imports")
    with broker.connected() as producer:
        assert relay.Relay()(producer) == 1
    assert inbox.job_ids() == [str(goes)]
    assert inbox.letters("imports") == []
