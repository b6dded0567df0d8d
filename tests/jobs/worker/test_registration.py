"""Ids of workers, and rows that disappear while their worker lives."""

import secrets

import pytest
from celery.worker import state
from django.conf import settings
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.recorder import MigrationRecorder

from apps.jobs import process, unmigrated
from apps.jobs.keeper.rescue import rescue
from apps.jobs.models import Worker
from apps.jobs.states import State
from apps.jobs.worker import registration, workers
from apps.jobs.worker.registration import Registration
from tests.jobs import steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Registration:
    """The registration of this process."""
    mine = registration.register(name="one@here", hostname="here", queues=["default"], concurrency=2)
    monkeypatch.setattr(registration, "_current", mine)
    monkeypatch.setattr(process, "_worker_id", mine.worker_id)
    return mine


def test_ids_are_not_those_of_a_sequence() -> None:
    ids = [steps.a_worker() for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(0 < one < 2**31 for one in ids)
    assert max(ids) > 1_000_000


def test_an_id_that_a_row_has_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([6, 6, 7])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(draws))
    assert [steps.a_worker(), steps.a_worker()] == [7, 8]


def test_missing_row_is_inserted_again_under_the_same_id(mine: Registration) -> None:
    before = Worker.objects.values().get()
    Worker.objects.all().delete()
    assert not workers.beat(mine.worker_id)
    registration.renew()
    after = Worker.objects.values().get()
    for field in ("id", "name", "hostname", "pid", "queues", "concurrency", "kinds", "reads", "version"):
        assert after[field] == before[field]
    assert abs((after["started_at"] - before["started_at"]).total_seconds()) < 1
    assert workers.beat(mine.worker_id)


def test_placeholder_of_a_live_worker_becomes_its_row_again(mine: Registration) -> None:
    claim = steps.running(mine.worker_id)
    Worker.objects.all().delete()
    assert rescue() == 0
    assert Worker.objects.get().pid == 0
    assert not workers.beat(mine.worker_id)
    registration.renew()
    assert (Worker.objects.get().name, Worker.objects.get().concurrency) == ("one@here", 2)
    assert rescue() == 0
    assert steps.state_of(claim.id) == State.RUNNING


def test_jobs_of_a_worker_without_a_row_are_rescued_when_it_stays_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim = steps.running(steps.a_worker())
    Worker.objects.all().delete()
    assert rescue() == 0
    assert rescue() == 0
    assert steps.state_of(claim.id) == State.RUNNING
    monkeypatch.setattr(settings, "BACKLINE_DEAD_AFTER_S", 0)
    assert rescue() == 1
    assert steps.state_of(claim.id) == State.READY


def test_worker_stops_when_its_id_belongs_to_another(
    mine: Registration, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(state, "should_terminate", None)
    Worker.objects.update(pid=1, name="other@there")
    assert not workers.beat(mine.worker_id)
    registration.renew()
    assert vars(state)["should_terminate"] == 1
    assert Worker.objects.get().name == "other@there"
    assert "belongs to another worker" in caplog.text


def test_start_waits_for_the_database_with_growing_pauses(
    mine: Registration, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    answers = iter([OperationalError("starting up")] * 7)
    monkeypatch.setattr(registration, "_wait", pauses.append)
    monkeypatch.setattr(connection, "close", lambda: None)

    def attempt() -> Registration:
        for error in answers:
            raise error
        return mine

    registration.start(attempt)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert process.worker_id() == mine.worker_id


def test_start_exits_on_any_other_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)

    def attempt() -> Registration:
        raise ProgrammingError('relation "jobs_worker" does not exist')

    with pytest.raises(SystemExit) as exit_:
        registration.start(attempt)
    assert exit_.value.code == 1
    assert 'relation "jobs_worker" does not exist. Correct this' in caplog.text


def test_missing_migrations_are_named(caplog: pytest.LogCaptureFixture) -> None:
    assert unmigrated.missing() == []
    unmigrated.refuse()
    last = MigrationRecorder.Migration.objects.filter(app="jobs").order_by("-name").first()
    assert last is not None
    last.delete()
    assert unmigrated.missing() == [f"jobs.{last.name}"]
    with pytest.raises(SystemExit):
        unmigrated.refuse()
    assert f"jobs.{last.name} is not applied" in caplog.text
