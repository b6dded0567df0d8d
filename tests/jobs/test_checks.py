"""`manage.py check` answers whether the ledger's settings are right."""

import pytest
from django.core.checks import run_checks
from kombu import Queue
from pytest_django import Settings

from apps.jobs import job, registry
from apps.jobs.checks import check_broker_patience, check_celery_settings, check_heartbeat, check_queues
from config import celery_app


def test_the_settings_as_they_are_pass() -> None:
    assert check_heartbeat() == []


@pytest.mark.parametrize(("beat", "dead", "right"), [(5, 10, True), (5, 9, False), (1, 15, True)])
def test_a_patience_that_takes_a_busy_worker_for_dead_is_refused(
    settings: Settings, beat: int, dead: int, right: bool
) -> None:
    settings.BACKLINE_HEARTBEAT_S, settings.BACKLINE_DEAD_AFTER_S = beat, dead
    found = check_heartbeat()
    assert [error.id for error in found] == ([] if right else ["jobs.E001"])
    if found:
        assert found[0].hint == f"Set it to at least {2 * beat}."


@pytest.mark.parametrize(("name", "least"), [("TIMEOUT", 2), ("IDLE", 1)])
def test_a_patience_too_short_for_a_broker_is_refused(settings: Settings, name: str, least: int) -> None:
    assert check_broker_patience() == []
    setattr(settings, f"BACKLINE_BROKER_{name}_S", least - 1)
    [error] = check_broker_patience()
    assert (error.id, error.hint) == ("jobs.E006", f"Set it to {least} or more.")


def test_a_job_type_on_a_queue_that_nobody_listens_to_is_refused(settings: Settings) -> None:
    job("odd.lonely", queue="nowhere")(_nothing)
    [error] = [error for error in check_queues() if "odd.lonely" in error.msg]
    assert error.id == "jobs.E002"
    assert "'nowhere'" in error.msg
    assert "default" in str(error.hint)

    settings.CELERY_TASK_QUEUES = {**settings.CELERY_TASK_QUEUES, "nowhere": {}}
    assert not [error for error in check_queues() if "odd.lonely" in error.msg]


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("TASK_TIME_LIMIT", 300, "timeout"),
        ("TASK_SOFT_TIME_LIMIT", 300, "timeout"),
        ("TASK_ALWAYS_EAGER", True, "apps.jobs.testing.run_jobs()"),
        ("TASK_DEFAULT_RATE_LIMIT", "10/m", 'limit="10/min"'),
        ("TASK_INHERIT_PARENT_PRIORITY", True, "priority="),
        ("RESULT_BACKEND", "redis://localhost", "apps.jobs.results:LedgerBackend"),
        ("REDIS_SOCKET_TIMEOUT", 3, "ledger"),
        ("DATABASE_URL", "sqlite://", "ledger"),
        ("ACCEPT_CONTENT", ["pickle"], "json"),
        ("BEAT_SCHEDULER", "celery.beat:PersistentScheduler", "apps.schedules.beat:LedgerScheduler"),
        ("BEAT_CRON_STARTING_DEADLINE", 60, "missed runs"),
        ("WORKER_CONSUMER", "celery.worker.consumer:Consumer", "LedgerConsumer"),
        ("WORKER_POOL", "gevent", "prefork"),
        ("WORKER_POOL_START_METHOD", "spawn", "fork"),
    ],
)
def test_a_setting_that_jobs_cannot_obey_is_refused_with_the_alternative(
    settings: Settings, name: str, value: object, instead: str
) -> None:
    assert check_celery_settings() == []
    setattr(settings, f"CELERY_{name}", value)
    [error] = check_celery_settings()
    assert (error.id, error.is_serious()) == ("jobs.E005", True)
    assert f"CELERY_{name}" in error.msg
    assert instead in str(error.hint)


def test_a_setting_that_celery_does_not_know_is_named_with_the_nearest(settings: Settings) -> None:
    settings.CELERY_TASK_ROUTE = {}
    [warning] = check_celery_settings()
    assert (warning.id, warning.is_serious()) == ("jobs.W001", False)
    assert warning.hint == "Did you mean CELERY_TASK_ROUTES?"


def test_a_worker_and_a_beat_stop_at_a_failed_check(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_WORKER_POOL = "gevent"
    with pytest.raises(SystemExit, match=r"CELERY_WORKER_POOL(.|\n)*Use prefork, threads or solo"):
        _ = celery_app.Worker
    monkeypatch.delitem(vars(celery_app), "Beat", raising=False)  # it is kept once it was made
    with pytest.raises(SystemExit, match="CELERY_WORKER_POOL"):
        _ = celery_app.Beat


def test_queues_may_be_given_as_kombus(settings: Settings) -> None:
    settings.CELERY_TASK_QUEUES = [Queue(name) for name in settings.CELERY_TASK_QUEUES]
    assert {queue.name for queue in settings.CELERY_TASK_QUEUES} == registry.queues()
    assert not [error for error in check_queues() if "shop." in error.msg]


def test_both_checks_are_part_of_manage_py_check(settings: Settings) -> None:
    settings.BACKLINE_HEARTBEAT_S, settings.BACKLINE_DEAD_AFTER_S = 5, 5
    assert "jobs.E001" in {error.id for error in run_checks()}


def _nothing() -> None:
    """Do nothing."""
