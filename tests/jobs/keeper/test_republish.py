"""Whatever the broker loses is sent again: soon at first, then with patience, at once after a flush."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from apps.jobs import sql, transitions
from apps.jobs.keeper import relay
from apps.jobs.messages import broker
from apps.jobs.models import Bundle, Job
from apps.jobs.states import State
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.steps import another_session, bundles_grow_old, enqueued, published_ids

SECOND = timedelta(seconds=1)
PATIENCE = 5 * SECOND


def lost(*, everything: bool = False) -> list[object]:
    """Return the jobs whose messages count as lost now."""
    return list(published_ids(transitions.republish(patience=PATIENCE, everything=everything)))


@pytest.mark.django_db
class TestPatience:
    def test_a_message_that_nobody_claimed_in_time_is_sent_again(self) -> None:
        job_id = enqueued()
        bundles_grow_old(PATIENCE - SECOND)
        assert lost() == []
        bundles_grow_old(2 * SECOND)
        assert lost() == [job_id]
        assert lost() == []

    def test_each_time_it_is_given_twice_as_long(self) -> None:
        job_id = enqueued()
        for tries in range(6):
            bundles_grow_old(PATIENCE * 2**tries - SECOND)
            assert lost() == [], f"after {tries} tries"
            bundles_grow_old(2 * SECOND)
            assert lost() == [job_id], f"after {tries} tries"

    def test_but_never_longer_than_five_minutes(self) -> None:
        job_id = enqueued()
        Bundle.objects.update(tries=12)
        bundles_grow_old(timedelta(seconds=299))
        assert lost() == []
        bundles_grow_old(2 * SECOND)
        assert lost() == [job_id]
        assert Bundle.objects.get().tries == 12

    def test_the_oldest_are_sent_first_and_500_at_a_time(self) -> None:
        ids = [enqueued(window=1000) for _ in range(510)]
        Bundle.objects.filter(ids__contains=[ids[-1]]).update(published_at="2001-01-01T00:00Z")
        bundles_grow_old()
        first = lost()
        assert len(first) == 500
        assert ids[-1] in first
        assert len(lost()) == 10


@pytest.mark.django_db
class TestWhatIsLeftAlone:
    @pytest.mark.parametrize("everything", [False, True])
    def test_a_claimed_job_is_not_sent_again(self, everything: bool) -> None:
        steps.running()
        bundles_grow_old()
        assert lost(everything=everything) == []

    @pytest.mark.parametrize("everything", [False, True])
    def test_a_cancelled_job_is_not_sent_again(self, everything: bool) -> None:
        transitions.cancel(enqueued())
        bundles_grow_old()
        assert lost(everything=everything) == []

    def test_what_stands_in_line_is_the_relay_s(self) -> None:
        steps.in_line()
        assert lost(everything=True) == []


class TestAtTheSameTime:
    @pytest.mark.parametrize("everything", [False, True])
    def test_an_enqueue_that_has_not_committed_is_not_touched(
        self, committed: None, everything: bool
    ) -> None:
        with transaction.atomic():
            enqueued()
            bundles_grow_old()
            with another_session() as keeper:
                assert keeper.do(lambda: lost(everything=everything)) == []

    def test_two_keepers_at_once_send_different_messages(self, committed: None) -> None:
        job_id = enqueued()
        bundles_grow_old()
        with transaction.atomic():
            assert lost() == [job_id]
            with another_session() as other:
                assert other.do(lost) == []  # and does not wait for us


class TestAfterAFlush:
    def _republish(self) -> int:
        with broker.connected() as producer:
            return relay.republish(producer)

    def test_everything_that_waits_is_sent_again_at_once(self, committed: None, inbox: Inbox) -> None:
        waiting = [enqueued() for _ in range(3)]
        steps.running()
        assert self._republish() == 0
        inbox.client.flushall()
        assert self._republish() == 3
        assert inbox.job_ids() == [str(job_id) for job_id in waiting]

    def test_once(self, committed: None, inbox: Inbox) -> None:
        enqueued()
        inbox.client.flushall()
        assert [self._republish() for _ in range(3)] == [1, 0, 0]

    def test_though_it_had_been_sent_so_often_that_its_turn_was_far_off(
        self, committed: None, inbox: Inbox
    ) -> None:
        job_id = enqueued()
        Bundle.objects.update(tries=12)
        inbox.client.flushall()
        assert self._republish() == 1
        bundles_grow_old(timedelta(seconds=settings.BACKLINE_REPUBLISH_S + 1))
        assert self._republish() == 1  # its patience starts anew as well
        assert inbox.job_ids() == [str(job_id)] * 2

    def test_a_large_window_is_whole_again_at_once(self, committed: None, inbox: Inbox) -> None:
        waiting = [str(enqueued(window=2000)) for _ in range(1001)]
        inbox.client.flushall()
        assert self._republish() == 1001
        assert sorted(inbox.job_ids()) == sorted(waiting)

    def test_a_keeper_that_dies_in_the_middle_leaves_the_rest_to_the_next(
        self, committed: None, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(relay, "_AT_ONCE", 2)
        waiting = [str(enqueued()) for _ in range(5)]
        inbox.client.flushall()
        real = broker.send

        def send_once(*args: Any) -> None:
            monkeypatch.setattr(broker, "send", die)
            real(*args)

        def die(*_: object) -> None:
            raise SystemExit

        monkeypatch.setattr(broker, "send", send_once)
        with pytest.raises(SystemExit):
            self._republish()
        monkeypatch.setattr(broker, "send", real)
        assert self._republish() == 1  # what the dead one had in hand comes when its patience ends
        bundles_grow_old(timedelta(seconds=settings.BACKLINE_REPUBLISH_S + 1))
        self._republish()
        assert set(inbox.job_ids()) == set(waiting)

    def test_a_broker_that_only_restarted_remembers(self, committed: None, inbox: Inbox) -> None:
        enqueued()
        assert self._republish() == 0
        assert inbox.letters() == []


@pytest.mark.django_db
class TestDuplicates:
    def test_a_message_delivered_twice_is_claimed_once(self) -> None:
        job_id = enqueued()
        bundles_grow_old()
        [message] = transitions.republish(patience=PATIENCE)
        claims = [transitions.claim(message.ids, bundle=message.id, worker_id=n) for n in (1, 2)]
        assert [len(claim) for claim in claims] == [1, 0]
        assert claims[0][0].id == job_id


@pytest.mark.django_db
class TestSweep:
    @pytest.mark.parametrize("state", State)
    def test_only_bundles_whose_jobs_left_the_broker_s_care_are_dropped(self, state: State) -> None:
        claim = steps.job_in(state)
        if not steps.is_in_window(claim.id):
            Bundle.objects.create(queue="default", kind="k", ids=[claim.id], published_at="2001-01-01T00:00Z")
        bundles_grow_old()
        sql.run("sweep_bundles", {})
        kept = {State.READY, State.QUEUED, State.RUNNING}
        assert steps.is_in_window(claim.id) == (state in kept)
        steps.assert_nothing_is_lost()

    def test_a_bundle_with_one_live_job_among_many_is_kept(self) -> None:
        done, live = steps.job_in(State.SUCCEEDED), steps.running()
        Bundle.objects.filter(ids__contains=[live.id]).update(ids=[done.id, live.id])
        bundles_grow_old()
        sql.run("sweep_bundles", {})
        assert steps.is_in_window(live.id)

    def test_a_bundle_whose_jobs_went_with_an_old_week_is_dropped(self) -> None:
        job_id = enqueued()
        Job.objects.filter(id=job_id).delete()
        bundles_grow_old()
        sql.run("sweep_bundles", {})
        assert not Bundle.objects.exists()

    def test_a_bundle_that_was_published_just_now_is_left_alone(self) -> None:
        transitions.cancel(enqueued())
        sql.run("sweep_bundles", {})
        assert Bundle.objects.exists()
