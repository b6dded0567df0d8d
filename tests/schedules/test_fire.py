"""What happens when a moment has come: once, whatever dies, whoever else looks."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, PeriodicTask

from apps.jobs.models import Job
from apps.lib.ids import first_id_of, new_id
from apps.local.servers.valkey import ValkeyServer
from apps.schedules import sql
from apps.schedules.fire import fire
from apps.schedules.models import Moment, Plan
from apps.schedules.plan import plan
from tests.local.waiting import wait_until
from tests.schedules.conftest import came_due, jobs_of, next_of, plan_of
from tests.transactions import held_open

Make = Callable[..., PeriodicTask]


@pytest.mark.django_db
def test_a_due_moment_becomes_one_job_and_the_schedule_moves_on(every: Make) -> None:
    schedule = every(60, name="adding", kwargs='{"a": 3, "b": 4}', queue="imports", priority=2)
    moment = came_due(schedule)
    assert fire("here:1") == 1
    [job] = jobs_of(schedule)
    assert (job.kind, job.args, job.queue, job.priority) == ("kinds.add", {"a": 3, "b": 4}, "imports", 2)
    assert (job.trigger, job.subject, job.owner_id) == ("schedule", "adding", None)
    taken = Moment.objects.get()
    assert (taken.at, taken.beat, taken.missed_since) == (moment, "here:1", None)
    assert plan_of(schedule).next_at == moment + timedelta(seconds=60)
    schedule.refresh_from_db()
    assert schedule.total_run_count == 1
    assert schedule.last_run_at is not None
    assert fire("here:1") == 0


@pytest.mark.django_db
def test_a_moment_that_was_taken_is_not_taken_again(every: Make) -> None:
    schedule = every()
    moment = came_due(schedule)
    fire("here:1")
    Plan.objects.update(next_at=moment)
    assert fire("here:2") == 1
    assert len(jobs_of(schedule)) == Job.objects.count() == 1
    assert plan_of(schedule).next_at == moment + timedelta(seconds=60)
    schedule.refresh_from_db()
    assert schedule.total_run_count == 1


@pytest.mark.django_db
def test_a_beat_whose_machine_lives_in_the_future_leaves_sound_schedules_to_the_others(
    every: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = every()
    moment = came_due(schedule)
    with monkeypatch.context() as there:
        there.setattr(
            "apps.jobs.enqueuing.options._CLOCKS_DIFFER_BY", timedelta(weeks=200)
        )  # all its clocks agree
        there.setattr("apps.schedules.start.new_id", lambda: id_of(timezone.now() + timedelta(weeks=100)))
        with pytest.raises(OperationalError, match=r"no week was made .* this machine's clock is wrong"):
            fire("there:1")
    assert (plan_of(schedule).problem, plan_of(schedule).next_at) == ("", moment)
    assert fire("here:1") == 1
    assert len(jobs_of(schedule)) == 1


def id_of(moment: datetime) -> UUID:
    """Make an id as a machine does whose clock shows this."""
    chance = new_id().int & ((1 << 80) - 1)
    return UUID(int=first_id_of(moment).int >> 80 << 80 | chance)


@pytest.mark.django_db
def test_moments_within_the_grace_all_run(every: Make) -> None:
    schedule = every(10)
    first = came_due(schedule, timedelta(seconds=45))
    while fire("here:1"):
        pass
    at = list(schedule.moments.order_by("at").values_list("at", flat=True))
    assert at == [first + timedelta(seconds=10 * n) for n in range(5)]
    assert len(jobs_of(schedule)) == 5


@pytest.mark.django_db
def test_of_moments_missed_in_a_long_absence_the_latest_runs_once(every: Make, at: Make) -> None:
    interval, crontab = every(600), at("*/10 * * * *")
    plan()
    start = (timezone.now() - timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    Plan.objects.update(next_at=start)
    assert fire("here:1") == 2
    assert fire("here:1") == 0
    for schedule in (interval, crontab):
        [taken] = schedule.moments.all()
        assert taken.missed_since == start
        assert timedelta() <= timezone.now() - taken.at < timedelta(minutes=10, seconds=5)
        assert taken.at.minute % 10 == 0
        assert plan_of(schedule).next_at == taken.at + timedelta(minutes=10)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"task": "kinds.nothing"}, "No job type"),
        ({"task": ""}, "No job type"),
        ({"kwargs": "{"}, "not JSON"),
        ({"kwargs": "[" * 100_000}, "not JSON"),
        ({"kwargs": "[1]"}, "must be a JSON object"),
        ({"args": '{"a": 1}'}, "must be a JSON list"),
        ({"kwargs": "{}"}, "missing a required argument"),
        ({"args": "[1, 2, 3]", "kwargs": "{}"}, "too many positional"),
        ({"kwargs": '{"a": NaN}'}, "a finite number"),
        ({"kwargs": '{"a": "\\u0000"}'}, "a valid integer"),
        ({"kwargs": '{"a": "\\ud800"}'}, ""),
        ({"priority": 2**31 - 1}, ""),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason_and_the_others_go_on(
    every: Make, fields: dict[str, object], reason: str
) -> None:
    before, bad, after = every(), every(**fields), every()
    for schedule in (before, bad, after):
        came_due(schedule)
    assert fire("here:1") == 3
    assert len(jobs_of(before)) == len(jobs_of(after)) == 1
    assert Job.objects.count() == Moment.objects.count() == 2
    assert plan_of(bad).next_at is None
    assert plan_of(bad).problem
    assert reason in plan_of(bad).problem
    assert fire("here:1") == 0
    PeriodicTask.objects.filter(pk=bad.pk).update(task="kinds.add", args="[]", kwargs='{"a": 1}', priority=1)
    plan()
    assert plan_of(bad).next_at is not None


@pytest.mark.django_db
def test_a_clocked_schedule_runs_once_and_switches_itself_off() -> None:
    clocked = ClockedSchedule.objects.create(clocked_time=timezone.now() - timedelta(hours=3))
    schedule = PeriodicTask.objects.create(
        name="once", task="kinds.add", kwargs='{"a": 1}', clocked=clocked, one_off=True
    )
    plan()
    assert fire("here:1") == 1
    assert len(jobs_of(schedule)) == 1
    schedule.refresh_from_db()
    assert not schedule.enabled
    PeriodicTask.objects.filter(pk=schedule.pk).update(enabled=True)
    plan()
    fire("here:1")
    assert len(jobs_of(schedule)) == Job.objects.count() == 1


@pytest.mark.django_db
def test_a_one_off_crontab_runs_once(at: Make) -> None:
    schedule = at("* * * * *", one_off=True)
    came_due(schedule)
    fire("here:1")
    plan()
    assert plan_of(schedule).next_at is None
    schedule.refresh_from_db()
    assert (schedule.enabled, len(jobs_of(schedule))) == (False, 1)


@pytest.mark.django_db
def test_the_last_moment_before_the_end_runs_and_no_later_one(every: Make) -> None:
    schedule = every(60, expires=timezone.now() + timedelta(seconds=90))
    plan()
    Plan.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    PeriodicTask.objects.update(expires=timezone.now() + timedelta(seconds=10))
    Plan.objects.update(edited=False)
    fire("here:1")
    assert len(jobs_of(schedule)) == 1
    assert plan_of(schedule).next_at is None


@pytest.mark.django_db
def test_a_frozen_beat_loses_its_locks(every: Make) -> None:
    came_due(every())
    with transaction.atomic(), connection.cursor() as cursor:
        sql.run("lock_due", {"batch": 1})
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchall() == [("5s",)]


@pytest.mark.django_db(transaction=True)
def test_beats_at_once_take_each_moment_once(every: Make) -> None:
    schedules = [every(1, start_time=timezone.now() - timedelta(hours=1)) for _ in range(12)]
    plan()
    start = timezone.now().replace(microsecond=0) - timedelta(seconds=8)
    Plan.objects.update(next_at=start)
    ready = threading.Barrier(4)

    def beat(name: str) -> None:
        ready.wait()
        try:
            for _ in range(12):
                fire(name)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as beats:
        list(beats.map(beat, ["a:1", "b:1", "c:1", "d:1"]))
    while fire("e:1"):
        pass
    for schedule in schedules:
        at = list(schedule.moments.order_by("at").values_list("at", flat=True))
        assert at == [start + timedelta(seconds=n) for n in range(len(at))]
        assert len(at) >= 8
    assert Job.objects.count() == Moment.objects.count()


@pytest.mark.django_db(transaction=True)
def test_a_schedule_in_an_editors_hands_is_left_alone_until_the_commit(every: Make) -> None:
    held, free = every(), every()
    came_due(held)
    came_due(free)
    with ThreadPoolExecutor(1) as beat, transaction.atomic():
        PeriodicTask.objects.filter(pk=held.pk).update(interval=every(7200).interval)
        assert beat.submit(_in_thread, lambda: (plan(), fire("here:1"))).result(timeout=10) == (0, 1)
    assert (plan(), fire("here:1")) == (2, 0)
    assert next_of(held) > timezone.now() + timedelta(hours=1)
    assert (len(jobs_of(held)), len(jobs_of(free))) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_a_death_before_the_commit_leaves_the_moment_to_the_next_beat(every: Make) -> None:
    schedule = every()
    moment = came_due(schedule)
    with held_open():
        fire("here:1")
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert fire("here:2") == 1
    assert [job.kind for job in jobs_of(schedule)] == ["kinds.add"]
    assert Moment.objects.get().at == moment


@pytest.mark.django_db
def test_old_moments_are_forgotten_in_batches(every: Make) -> None:
    schedule = every()
    now = timezone.now()
    Moment.objects.bulk_create(
        Moment(schedule=schedule, at=now - timedelta(days=n), fired_at=now - timedelta(days=n), beat="here:1")
        for n in (100, 99, 98, 97, 92, 89, 88)
    )
    assert len(sql.run("prune", {"batch": 3})) == 3
    assert len(sql.run("prune", {"batch": 50})) == 2
    assert Moment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_task_of_another_package_is_sent_as_a_message_after_the_commit(
    every: Make, valkey: ValkeyServer
) -> None:
    schedule = every(task="celery.backend_cleanup", args="[1]", kwargs="{}", queue="elsewhere")
    came_due(schedule)
    queue = _queue("backline:elsewhere", valkey)
    with held_open():
        fire("here:1")
        assert queue() == []
    wait_until(queue)
    [message] = queue()
    assert message["headers"]["task"] == "celery.backend_cleanup"
    assert message["headers"]["periodic_task_name"] == schedule.name
    assert Moment.objects.get().job_id is None
    assert not Job.objects.exists()


def _in_thread(do: Callable[[], object]) -> object:
    try:
        return do()
    finally:
        connection.close()


def _queue(name: str, valkey: ValkeyServer) -> Callable[[], list[dict[str, Any]]]:
    client = redis.Redis.from_url(valkey.url())
    return lambda: [json.loads(text) for text in client.lrange(name, 0, -1)]
