"""`manage.py check` answers whether the ledger's settings are right."""

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from apps.jobs import job
from apps.jobs.checks import check_heartbeat, check_queues, check_time_limits


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


def test_a_job_type_on_a_queue_that_nobody_listens_to_is_refused(settings: Settings) -> None:
    job("odd.lonely", queue="nowhere")(_nothing)
    [error] = [error for error in check_queues() if "odd.lonely" in error.msg]
    assert error.id == "jobs.E002"
    assert "'nowhere'" in error.msg
    assert "default" in str(error.hint)

    settings.CELERY_TASK_QUEUES = {**settings.CELERY_TASK_QUEUES, "nowhere": {}}
    assert not [error for error in check_queues() if "odd.lonely" in error.msg]


@pytest.mark.parametrize("name", ["TASK_TIME_LIMIT", "TASK_SOFT_TIME_LIMIT"])
def test_a_limit_that_would_kill_a_whole_message_is_refused(settings: Settings, name: str) -> None:
    assert check_time_limits() == []
    setattr(settings, f"CELERY_{name}", 300)
    [error] = check_time_limits()
    assert (error.id, f"CELERY_{name}" in error.msg) == ("jobs.E005", True)


def test_both_checks_are_part_of_manage_py_check(settings: Settings) -> None:
    settings.BACKLINE_HEARTBEAT_S, settings.BACKLINE_DEAD_AFTER_S = 5, 5
    assert "jobs.E001" in {error.id for error in run_checks()}


def _nothing() -> None:
    """Do nothing."""
