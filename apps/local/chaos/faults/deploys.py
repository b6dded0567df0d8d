"""Releases differ between processes, or the ledger is put back to yesterday."""

import shutil
import subprocess

from apps.local.chaos import sink
from apps.local.chaos.trial import Trial


def skew(trial: Trial) -> None:
    """Enqueue a kind that one worker does not know yet, and one that nobody knows any more (F43)."""
    newer = trial.send_each("newer", [{}] * 20)
    gone = trial.send_each("gone", [{}] * 3)
    took = trial.rig.until(
        lambda: set(newer) <= {line.job for line in trial.rig.sink.lines("done")}, "the newer kind's jobs end"
    )
    trial.note(f"20 jobs of a kind that one worker lacks ended in {took:.1f} s")
    trial.rig.until(lambda: _is_buried(trial, gone), "the unknown kind is set aside (I13)")
    trial.note("3 of a kind that nobody knows ended as dead letters, their pauses of ten minutes skipped")


def _is_buried(trial: Trial, ids: list[str]) -> bool:
    """Wake jobs that sleep until a worker comes that knows them; say whether all were given up."""
    trial.rig.ask(
        "UPDATE jobs_job SET run_after = now() WHERE id = ANY (%s::uuid[]) AND run_after > now()", ids
    )
    dead = "SELECT count(*) FROM jobs_dead_letter WHERE job_id = ANY (%s::uuid[]) AND evidence ? 'args'"
    return bool(trial.rig.value(dead, ids) == len(ids))


def restored(trial: Trial) -> None:
    """Put the ledger back to an older copy while the broker still holds newer ids (F45)."""
    postgres = trial.rig.postgres
    copy = trial.rig.directory / "copy"
    postgres.stop()
    subprocess.run(["cp", "-a", str(postgres.data), str(copy)], check=True)
    postgres.start()
    copied_at = sink.now()
    for worker in trial.rig.workers():
        worker.freeze()
    trial.rig.until(lambda: trial.rig.broker().llen(trial.rig.queue) > 3, "newer ids are in the broker")
    trial.end_load()
    postgres.stop(immediate=True)
    shutil.rmtree(postgres.data)
    subprocess.run(["cp", "-a", str(copy), str(postgres.data)], check=True)
    (postgres.data / "postmaster.pid").unlink(missing_ok=True)
    postgres.start()
    _forgive_what_came_after(trial, copied_at)
    for worker in trial.rig.workers():
        worker.wake()
    trial.begin_load()
    trial.progress(20, "jobs after the restore")


def _forgive_what_came_after(trial: Trial, copied_at: float) -> None:
    there = {str(job) for (job,) in trial.rig.ask("SELECT id FROM jobs_job")}
    newer = {
        line.job for line in trial.rig.sink.lines("kept") if line.at >= copied_at and line.job not in there
    }
    trial.forgiven |= newer
    trial.note(f"{len(newer)} jobs were enqueued after the copy and are gone with it; their ids were refused")
