"""A job exists from its commit on, and not before; where it waits is decided in the same statement."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from apps.jobs import RetryPolicy, enqueue, job, origin, transitions
from apps.jobs.models import Bundle, Job, Pause, Ready
from apps.jobs.registry import UnknownKind
from apps.jobs.states import State
from apps.jobs.worker import workers
from apps.lib.ids import made_at, new_id
from tests.jobs import steps
from tests.jobs.conftest import Inbox
from tests.jobs.steps import HOUR, another_session, new_job, row_of, state_of
from tests.kinds.add import add
from tests.local.waiting import wait_until


def add_and_think_again() -> None:
    """Enqueue a job in a transaction, and roll it back."""
    with transaction.atomic():
        add.delay(1)
        raise LookupError("on second thought")


def pause(scope: str, name: str, *, until: datetime | None) -> None:
    """Pause a queue or a kind."""
    Pause.objects.create(scope=scope, name=name, until=until, paused_at=datetime.now(UTC))


@pytest.mark.django_db
class TestWhereItWaits:
    def test_with_room_in_the_window_it_is_handed_to_the_broker(self) -> None:
        job = new_job()
        message = transitions.enqueue(job, window=1)
        assert message is not None
        assert (message.kind, message.queue, message.ids) == (job.kind, job.queue, [job.id])
        assert state_of(job.id) == State.QUEUED
        assert Bundle.objects.get(id=message.id).ids == [job.id]
        assert not steps.stands_in_line(job.id)

    def test_behind_a_full_window_it_stands_in_line(self) -> None:
        steps.enqueued()
        job = new_job()
        assert transitions.enqueue(job, window=1) is None
        assert state_of(job.id) == State.READY
        assert steps.stands_in_line(job.id)
        assert not steps.is_in_window(job.id)

    def test_each_slot_of_a_live_worker_that_listens_makes_room_for_more(self) -> None:
        steps.a_worker("one@here", concurrency=2)
        steps.a_worker("two@here", concurrency=1, queues=("imports", steps.QUEUE))
        steps.a_worker("deaf@here", concurrency=9, queues=("imports",))
        workers.sign_off(steps.a_worker("gone@here", concurrency=9))
        messages = [transitions.enqueue(new_job(), window=1, per_slot=2) for _ in range(7)]
        assert [message is not None for message in messages] == [True] * 6 + [False]

    def test_behind_somebody_in_line_it_stands_in_line_though_the_window_has_room(self) -> None:
        first = steps.in_line()
        second = steps.enqueued(window=100)
        assert state_of(second) == State.READY
        assert steps.published_ids(transitions.relay(steps.QUEUE, 2)) == [first, second]

    @pytest.mark.parametrize(("scope", "name"), [("queue", steps.QUEUE), ("kind", steps.KIND)])
    def test_while_its_queue_or_kind_is_paused_it_stands_in_line(self, scope: str, name: str) -> None:
        pause(scope, name, until=None)
        assert state_of(steps.enqueued()) == State.READY

    def test_a_pause_holds_until_its_time(self) -> None:
        pause("kind", steps.KIND, until=datetime.now(UTC) + HOUR)
        assert state_of(steps.enqueued()) == State.READY
        Pause.objects.update(until=datetime.now(UTC) - HOUR)
        Ready.objects.all().delete()
        assert state_of(steps.enqueued()) == State.QUEUED

    def test_a_pause_of_something_else_holds_up_nobody(self) -> None:
        pause("kind", steps.QUEUE, until=None)
        pause("queue", steps.KIND, until=None)
        assert state_of(steps.enqueued()) == State.QUEUED

    def test_one_with_a_limit_is_left_to_the_relay_in_a_lane_of_its_own(self) -> None:
        job_id = steps.enqueued(tenant="acme", limit_key="kinds.add:7")
        assert state_of(job_id) == State.READY
        assert Ready.objects.get(id=job_id).lane == row_of(job_id)["lane"] == "acme/kinds.add:7"

    def test_another_queue_has_a_line_and_a_window_of_its_own(self) -> None:
        steps.in_line(queue="imports")
        steps.enqueued(queue="imports")
        assert state_of(steps.enqueued(window=1)) == State.QUEUED

    def test_one_that_sleeps_is_neither_in_line_nor_in_the_window(self) -> None:
        job_id = steps.enqueued(delay=HOUR)
        assert state_of(job_id) == State.SCHEDULED
        assert not steps.stands_in_line(job_id)
        assert not steps.is_in_window(job_id)

    def test_rows_that_are_inserted_in_any_other_way_stand_in_line_too(self) -> None:
        now = datetime.now(UTC)
        rows = [Job(kind="kinds.add", enqueued_at=now, rank=now, args={"a": n}) for n in range(3)]
        Job.objects.bulk_create(rows)
        assert all(steps.stands_in_line(row.id) for row in rows)
        steps.assert_nothing_is_lost()


@pytest.mark.django_db
class TestWhenItMayRun:
    def test_a_delay_is_counted_by_the_database_clock(self) -> None:
        job_id = steps.enqueued(delay=timedelta(seconds=90))
        row = row_of(job_id)
        assert row["run_after"] - row["enqueued_at"] == timedelta(seconds=90)

    def test_the_clock_is_the_statement_s_and_not_the_transaction_s(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01), now()")
            [(_, began)] = cursor.fetchall()
        assert row_of(steps.enqueued())["enqueued_at"] > began

    @pytest.mark.parametrize("delay", [timedelta(), timedelta(seconds=-5)])
    def test_a_delay_that_is_over_does_not_make_it_sleep(self, delay: timedelta) -> None:
        assert state_of(steps.enqueued(delay=delay)) == State.QUEUED

    def test_a_moment_in_the_past_does_not_make_it_sleep(self) -> None:
        assert state_of(steps.enqueued(eta=datetime(2001, 1, 1, tzinfo=UTC))) == State.QUEUED

    def test_a_moment_wins_over_a_delay(self) -> None:
        moment = datetime.now(UTC) + timedelta(days=3)
        assert row_of(steps.enqueued(eta=moment, delay=HOUR))["run_after"] == moment

    def test_it_expires_by_the_database_clock(self) -> None:
        row = row_of(steps.enqueued(expires=HOUR))
        assert row["expires_at"] - row["enqueued_at"] == HOUR

    def test_it_expires_at_a_moment(self) -> None:
        moment = datetime.now(UTC) + timedelta(days=3)
        assert row_of(steps.enqueued(expires_at=moment))["expires_at"] == moment


@pytest.mark.django_db
class TestWhoGoesFirst:
    def test_a_priority_step_yields_to_ten_minutes_of_age(self) -> None:
        row = row_of(steps.in_line(priority=3))
        assert row["rank"] - row["enqueued_at"] == timedelta(minutes=30)

    def test_urgent_jobs_overtake_but_old_ones_are_not_starved(self) -> None:
        patient = steps.in_line(priority=1)
        urgent = steps.in_line(priority=0)
        old = steps.in_line(priority=1)
        for table in ("jobs_job", "jobs_ready"):
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE {table} SET rank = rank - interval '11 minutes' WHERE id = %s", [old])
        assert steps.published_ids(transitions.relay(steps.QUEUE, 3)) == [old, urgent, patient]

    def test_a_job_keeps_its_place_through_a_rescue(self) -> None:
        worker_id = steps.a_worker()
        claim = steps.running(worker_id)
        younger = steps.in_line()
        transitions.rescue([worker_id], max_deaths=3)
        assert steps.published_ids(transitions.relay(steps.QUEUE, 2)) == [claim.id, younger]


class TestCommit:
    def test_a_job_whose_enqueue_rolled_back_never_existed(self, committed: None, inbox: Inbox) -> None:
        with pytest.raises(LookupError):
            add_and_think_again()
        kept = add.delay(2).id

        wait_until(inbox.letters)
        assert inbox.job_ids() == [kept]  # one thread publishes, in order: the first would stand before it
        assert [str(job_id) for job_id in Job.objects.values_list("id", flat=True)] == [kept]
        assert Bundle.objects.count() == 1

    def test_nothing_is_published_before_the_commit(self, committed: None, inbox: Inbox) -> None:
        with transaction.atomic():
            inside = add.delay(1).id
            with another_session() as other:
                outside = other.do(lambda: add.delay(2).id)
            wait_until(inbox.letters)
            assert inbox.job_ids() == [outside]
        wait_until(lambda: inbox.job_ids() == [outside, inside])

    def test_what_a_savepoint_undid_is_not_published(self, committed: None, inbox: Inbox) -> None:
        with transaction.atomic():
            with pytest.raises(LookupError):
                add_and_think_again()
            kept = add.delay(2).id
        wait_until(inbox.letters)
        assert inbox.job_ids() == [kept]
        assert Job.objects.count() == 1

    def test_one_that_stands_in_line_is_left_to_the_relay(self, committed: None, inbox: Inbox) -> None:
        waiting = steps.in_line(queue="imports")
        behind = add.apply_async((1,), queue="imports").id
        direct = add.delay(2).id
        wait_until(inbox.letters)
        assert inbox.letters("imports") == []
        assert inbox.job_ids() == [direct]
        assert state_of(waiting) == state_of(UUID(behind)) == State.READY


@pytest.mark.django_db
class TestByKind:
    def test_code_below_the_job_types_enqueues_by_kind(self) -> None:
        job_id = enqueue("kinds.add", a=1, b=2)
        row = row_of(job_id)
        assert (row["kind"], row["args"]) == ("kinds.add", {"a": 1, "b": 2})

    def test_an_unknown_kind_is_refused_and_the_known_ones_are_named(self) -> None:
        with pytest.raises(UnknownKind, match=r"'kinds\.ad'.*kinds\.add"):
            enqueue("kinds.ad", a=1)
        assert not Job.objects.exists()

    def test_arguments_are_checked_as_for_a_call(self) -> None:
        with pytest.raises(TypeError, match=r"kinds\.add: missing a required argument: 'a'"):
            enqueue("kinds.add", b=2)


@pytest.mark.django_db
class TestOrigin:
    def test_a_job_keeps_who_asked_and_about_what(self) -> None:
        with origin(owner_id=7, trigger="web", subject="orders.csv"):
            row = row_of(enqueue("kinds.add", a=1))
        assert (row["owner_id"], row["trigger"], row["subject"]) == (7, "web", "orders.csv")

    def test_what_an_inner_origin_does_not_name_stays_as_it_was(self) -> None:
        with origin(owner_id=7, trigger="web"), origin(subject="orders.csv"):
            row = row_of(enqueue("kinds.add", a=1))
        assert (row["owner_id"], row["trigger"], row["subject"]) == (7, "web", "orders.csv")

    def test_an_origin_ends_with_its_block_even_when_that_fails(self) -> None:
        with pytest.raises(ValueError, match="inside"), origin(owner_id=7):
            raise ValueError("inside")
        row = row_of(enqueue("kinds.add", a=1))
        assert (row["owner_id"], row["trigger"], row["subject"]) == (None, "code", "")

    def test_a_job_keeps_its_tenant_its_tags_and_the_request_it_came_with(self) -> None:
        with origin(tenant="acme", tags=["spring", "mail"], request_id="r-1"):
            row = row_of(enqueue("kinds.add", a=1))
        assert (row["tenant"], row["lane"], row["tags"]) == ("acme", "acme", ["spring", "mail"])
        assert (row["request_id"], row["parent_id"]) == ("r-1", None)

    def test_tags_of_an_inner_block_are_added_and_named_once(self) -> None:
        with origin(tags=["a", "b"]), origin(tags=["b", "c"]):
            assert row_of(enqueue("kinds.add", a=1))["tags"] == ["a", "b", "c"]
        assert row_of(enqueue("kinds.add", a=1))["tags"] is None

    @pytest.mark.parametrize("tenant", ["a/b", "x" * 201, "nul \x00", "half \ud800"], ids=ascii)
    def test_a_tenant_that_could_be_taken_for_another_s_lane_is_refused(self, tenant: str) -> None:
        with pytest.raises(ValueError, match=r"tenant .* without a slash"), origin(tenant=tenant):
            pytest.fail("the block was entered")

    @pytest.mark.parametrize(
        "tags", [[""], ["x" * 101], ["nul \x00"], [str(n) for n in range(21)]], ids=ascii
    )
    def test_tags_that_nobody_could_search_for_are_refused(self, tags: list[str]) -> None:
        with pytest.raises(ValueError, match="tag"), origin(tags=tags):
            pytest.fail("the block was entered")

    def test_one_text_is_no_list_of_tags(self) -> None:
        with (
            pytest.raises(TypeError, match=r"tags must be a list.*Write \['spring'\]"),
            origin(tags="spring"),
        ):
            pytest.fail("the block was entered")

    @pytest.mark.parametrize("subject", ["x" * 300, "nul\x00byte", "lone \ud800 surrogate", "Ünïcødé 🎁"])
    def test_any_file_name_will_do_as_a_subject(self, subject: str) -> None:
        with origin(subject=subject):
            row = row_of(enqueue("kinds.add", a=1))
        assert len(row["subject"]) <= 200
        assert "\x00" not in row["subject"]


@pytest.mark.django_db
class TestWhatIsStored:
    def test_the_policy_of_the_kind_travels_with_the_job(self) -> None:
        patient = job("odd.patient", retry=RetryPolicy(max_attempts=9), queue="imports")(_nothing)
        row = row_of(UUID(patient.delay().id))
        assert (row["max_attempts"], row["queue"]) == (9, "imports")

    def test_an_id_is_made_by_time(self) -> None:
        row = row_of(steps.enqueued())
        assert abs(row["enqueued_at"] - made_at(row["id"])) < timedelta(seconds=30)

    def test_the_same_id_twice_is_refused_and_the_transaction_is_whole(self) -> None:
        job_id = new_id()
        steps.enqueued(id=job_id)
        with transaction.atomic(), pytest.raises(transitions.IdTakenError):
            steps.enqueued(id=job_id)
        assert Job.objects.count() == 1


def _nothing() -> None:
    """Do nothing."""
