"""Workers that were taken for dead wake up, or race with the rescue."""

import psycopg

from apps.local.chaos.bounds import ATTEMPTS
from apps.local.chaos.trial import Broken, Trial

_RESCUED = "SELECT count(*) FROM jobs_attempt WHERE outcome = 'lost'"


def race(trial: Trial) -> None:
    """Let a rescue and a finish want the same row, in both orders (F13)."""
    _finish_first(trial)
    _rescue_first(trial)


def frozen(trial: Trial) -> None:
    """Freeze a worker until its jobs were rescued and done elsewhere, then wake it (F14)."""
    worker = trial.rig.processes["worker0"]
    job = trial.freeze_at_work(worker)
    took = trial.rig.until(lambda: _ended(trial, job), "the frozen worker's job is done elsewhere")
    worker.wake()
    trial.progress(5, "jobs after the wake")
    trial.note(f"its job was done elsewhere {took:.1f} s after the freeze")


def frozen_in_copy(trial: Trial) -> None:
    """Freeze a worker whose transaction has copied rows; wake it after the rescue (F15)."""
    frozen(trial)
    trial.end_load()
    trial.drain()
    wrong = trial.rig.value(
        "SELECT count(*) FROM (SELECT FROM chaos_copied GROUP BY job "
        "HAVING count(*) <> 500 OR count(DISTINCT number) <> 500) AS wrong"
    )
    if wrong:
        raise Broken(f"I8: {wrong} jobs whose 500 copied rows are not exactly there")
    trial.note("500 rows for each job, none twice")


def _finish_first(trial: Trial) -> None:
    worker = trial.rig.processes["worker0"]
    with psycopg.connect(trial.rig.postgres.url()) as holder:
        job = trial.freeze_at_work(worker)
        worker.wake()
        holder.execute("SELECT FROM jobs_job WHERE id = %s FOR UPDATE", [job])
        trial.rig.ask("UPDATE jobs_worker SET stopped_at = now() WHERE pid = %s", worker.pid)
        trial.rig.until(lambda: bool(_waiting_for_locks(trial)), "the finish waits for the row")
        trial.hold(2.5)  # at least one look of the rescue
    trial.rig.until(lambda: _ended(trial, job), "the finish won")
    attempts = trial.rig.value("SELECT attempt FROM jobs_job WHERE id = %s", job)
    trial.note("finish first: one attempt" if attempts == 1 else f"finish first: {attempts} attempts")
    ATTEMPTS.check(attempts)


def _rescue_first(trial: Trial) -> None:
    worker = trial.rig.processes["worker1"]
    job = trial.freeze_at_work(worker)
    trial.rig.ask("UPDATE jobs_worker SET stopped_at = now() WHERE pid = %s", worker.pid)
    trial.rig.until(lambda: _ended(trial, job) or _lost(trial, job), "the rescue won")
    worker.wake()
    trial.rig.until(lambda: _ended(trial, job), "it is done elsewhere")


def _ended(trial: Trial, job: str) -> bool:
    return bool(trial.rig.value("SELECT count(*) FROM jobs_job WHERE id = %s AND state IN (6, 7, 8)", job))


def _lost(trial: Trial, job: str) -> bool:
    return bool(trial.rig.value(f"{_RESCUED} AND job_id = %s", job))


def _waiting_for_locks(trial: Trial) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'backline'"
    return int(trial.rig.value(query))
