"""The window is filled from the line: in order, within its room, and never twice by two keepers."""

import pytest
from django.conf import settings
from django.db import transaction

from apps.jobs import job, transitions
from apps.jobs.keeper import relay
from apps.jobs.kinds import arguments
from apps.jobs.messages import broker
from apps.jobs.models import Bundle
from apps.jobs.states import State
from apps.jobs.worker import workers
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.steps import another_session, in_line, published_ids, state_of
from tests.transactions import held_open


def _body() -> None: ...


@pytest.mark.django_db
def test_the_line_is_served_by_rank_then_by_id() -> None:
    low, first, second, high = in_line(priority=5), in_line(), in_line(), in_line(priority=-5)
    assert published_ids(transitions.relay(steps.QUEUE, 10)) == [high, first, second, low]


@pytest.mark.django_db
@pytest.mark.parametrize(("room", "taken"), [(0, 0), (1, 1), (3, 3), (99, 5)])
def test_no_more_are_taken_than_there_is_room_for(room: int, taken: int) -> None:
    waiting = [in_line() for _ in range(5)]
    assert published_ids(transitions.relay(steps.QUEUE, room)) == waiting[:taken]
    assert all(steps.stands_in_line(job_id) for job_id in waiting[taken:])
    steps.assert_nothing_is_lost()


@pytest.mark.django_db
def test_each_queue_is_served_from_its_own_line() -> None:
    in_line(queue="imports")
    mine = in_line()
    assert published_ids(transitions.relay(steps.QUEUE, 10)) == [mine]


@pytest.mark.django_db
def test_a_message_names_its_bundle_kind_and_queue() -> None:
    job_id = in_line(kind="kinds.walk", queue="imports")
    [message] = transitions.relay("imports", 1)
    bundle = Bundle.objects.get()
    assert (message.id, message.ids) == (bundle.id, [job_id])
    assert (message.kind, message.queue) == (bundle.kind, bundle.queue) == ("kinds.walk", "imports")
    assert bundle.tries == 1


@pytest.mark.django_db
def test_a_job_that_was_relayed_is_ready_still_and_can_be_claimed() -> None:
    job_id = in_line()
    transitions.relay(steps.QUEUE, 1)
    assert state_of(job_id) == State.READY
    assert steps.claimed(job_id, steps.a_worker()).id == job_id


def test_a_renamed_kind_has_one_limit_under_all_its_names(committed: None, inbox: Inbox) -> None:
    job("odd.sold", aliases=("odd.bought",), concurrency=2)(_body)
    for kind in ("odd.bought", "odd.sold", "odd.bought"):
        in_line(kind=kind, limit_key="odd.bought")
    with broker.connected() as producer:
        assert relay.Relay()(producer) == 2
    assert len(inbox.job_ids()) == 2


def test_of_two_keepers_at_once_one_relays_and_the_other_does_not_wait(committed: None) -> None:
    waiting = [in_line() for _ in range(6)]
    with another_session() as other:
        with held_open():
            mine = transitions.relay(steps.QUEUE, 3)
            assert other.do(lambda: transitions.relay(steps.QUEUE, 10)) == []
        theirs = other.do(lambda: transitions.relay(steps.QUEUE, 10))
    assert (published_ids(mine), published_ids(theirs)) == (waiting[:3], waiting[3:])
    steps.assert_nothing_is_lost()


def test_what_a_keeper_took_and_rolled_back_stands_in_line_again(committed: None) -> None:
    job_id = in_line()
    with transaction.atomic():
        transitions.relay(steps.QUEUE, 1)
        transaction.set_rollback(True)
    assert steps.stands_in_line(job_id)
    assert not steps.is_in_window(job_id)


def test_a_keeper_that_dies_between_its_commit_and_the_publish_has_lost_only_time(
    committed: None, inbox: Inbox
) -> None:
    job_id = in_line()
    assert transitions.relay(steps.QUEUE, 1)  # and the keeper is dead: nothing was published
    assert inbox.letters() == []
    steps.assert_nothing_is_lost()
    steps.bundles_grow_old()
    with broker.connected() as producer:
        assert relay.republish(producer) == 1
    assert inbox.job_ids() == [str(job_id)]


class TestRooms:
    @pytest.fixture(autouse=True)
    def small_window(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "BACKLINE_WINDOW", 3)
        monkeypatch.setattr(settings, "BACKLINE_WINDOW_PER_SLOT", 2)

    def _relay(self) -> int:
        with broker.connected() as producer:
            return relay.Relay()(producer)

    def test_without_a_worker_a_queue_has_its_least_window(self, committed: None, inbox: Inbox) -> None:
        waiting = [in_line() for _ in range(5)]
        assert self._relay() == 3
        assert inbox.job_ids() == [str(job_id) for job_id in waiting[:3]]
        assert self._relay() == 0

    def test_live_workers_widen_the_window_of_the_queues_they_listen_to(
        self, committed: None, inbox: Inbox
    ) -> None:
        steps.a_worker("one@here", concurrency=2)
        steps.a_worker("two@here", queues=(steps.QUEUE, "imports"), concurrency=3)
        gone = steps.a_worker("gone@here", concurrency=100)
        workers.sign_off(gone)
        for queue, many in ((steps.QUEUE, 20), ("imports", 20), ("maintenance", 20)):
            for _ in range(many):
                in_line(queue=queue)
        assert self._relay() == (2 + 3) * 2 + 3 * 2 + 3
        assert [len(inbox.letters(queue)) for queue in (steps.QUEUE, "imports", "maintenance")] == [10, 6, 3]

    def test_what_is_claimed_still_takes_room_until_it_ends(self, committed: None, inbox: Inbox) -> None:
        for _ in range(5):
            in_line()
        self._relay()
        [claim, *_] = [steps.claimed(bundle.ids[0], 1) for bundle in Bundle.objects.all()]
        assert self._relay() == 0
        transitions.succeed(claim, None)
        assert self._relay() == 1

    def test_the_line_is_not_read_for_each_message_that_a_worker_takes(
        self, committed: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "BACKLINE_WINDOW", 8)
        for _ in range(12):
            in_line()
        assert self._relay() == 8
        first, second, *_ = [steps.claimed(bundle.ids[0], 1) for bundle in Bundle.objects.all()]
        transitions.succeed(first, None)
        assert self._relay() == 0
        transitions.succeed(second, None)
        assert self._relay() == 2

    def test_a_relay_that_is_ahead_of_the_workers_rests_and_then_goes_on(
        self, committed: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "BACKLINE_WINDOW", 8)
        enqueued = [steps.enqueued() for _ in range(6)]
        for _ in range(5):
            in_line()
        clock = [100.0]
        monkeypatch.setattr(relay, "monotonic", lambda: clock[0])
        with broker.connected() as producer:
            fill = relay.Relay()
            assert fill(producer) == 2
            Bundle.objects.filter(ids__overlap=[*enqueued[:2]]).delete()
            clock[0] += 0.02
            assert fill(producer) == 2
            Bundle.objects.filter(ids__overlap=[*enqueued[2:4]]).delete()
            clock[0] += 0.01
            elsewhere = in_line(queue="imports")
            assert fill(producer) == 0
            clock[0] += 0.015
            assert fill(producer) == 2
            assert Bundle.objects.filter(ids=[elsewhere]).exists()

    def test_a_window_that_is_over_full_takes_nothing(self, committed: None, inbox: Inbox) -> None:
        for _ in range(10):
            steps.enqueued()
        in_line()
        assert self._relay() == 0

    def test_flower_is_shown_the_arguments_of_what_is_relayed(self, committed: None, inbox: Inbox) -> None:
        args = {"a": 1, "password": "hunter2"}
        in_line(args=args)
        self._relay()
        [letter] = inbox.letters()
        assert letter.headers["argsrepr"] == arguments.shown(args) == "a=1, password='***'"

    def test_an_empty_line_costs_nothing(self, committed: None, inbox: Inbox) -> None:
        assert self._relay() == 0
        assert inbox.letters() == []
