"""Releases differ between processes, or the ledger is put back to yesterday."""

import json
import shutil
import subprocess

from apps.local.chaos import sink
from apps.local.chaos.bounds import STRANGERS
from apps.local.chaos.trial import Broken, Trial


def skew(trial: Trial) -> None:
    """Enqueue a kind that one worker does not know yet, and one that nobody knows any more (F43)."""
    newer = trial.send_each("newer", [{}] * 20)
    gone = trial.send_each("gone", [{}] * 3)
    trial.may_die |= set(gone)
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
    with trial.forgetting(copied_at):
        postgres.stop(immediate=True)
        shutil.rmtree(postgres.data)
        subprocess.run(["cp", "-a", str(copy), str(postgres.data)], check=True)
        (postgres.data / "postmaster.pid").unlink(missing_ok=True)
        postgres.start()
    newer = _forgive_what_came_after(trial, copied_at)
    strangers = newer & _in_broker(trial)
    if not strangers:
        raise Broken("the harness itself failed: no newer id lay in the broker")
    for worker in trial.rig.workers():
        worker.wake()
    trial.begin_load()
    trial.progress(20, "jobs after the restore")
    _see_refused(trial, strangers)


def _forgive_what_came_after(trial: Trial, copied_at: float) -> set[str]:
    there = {str(job) for (job,) in trial.rig.ask("SELECT id FROM jobs_job")}
    newer = {
        line.job for line in trial.rig.sink.lines("kept") if line.at >= copied_at and line.job not in there
    }
    trial.forgiven |= newer
    trial.note(f"{len(newer)} jobs were enqueued after the copy and are gone with it")
    return newer


def _in_broker(trial: Trial) -> set[str]:
    """Return the jobs that messages name which no worker took."""
    messages = trial.rig.broker().lrange(trial.rig.queue, 0, -1)
    return {job for message in messages for job in json.loads(message)["headers"]["jobs"]}


def _see_refused(trial: Trial, strangers: set[str]) -> None:
    """See that workers took the ids that the ledger does not know, and ran none of them."""
    trial.rig.until(lambda: not strangers & _in_broker(trial), "the newer ids leave the broker")
    ran = strangers & {line.job for line in trial.rig.sink.lines("begun")}
    trial.note(f"{len(strangers)} of their ids lay in the broker, of which {len(ran)} ran")
    STRANGERS.check(len(ran))
