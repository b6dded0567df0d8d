"""Attempts end: with any exception, and when their worker is asked to stop in any way at any moment."""

import signal
import socket
from pathlib import Path

from celery import Celery

from apps.jobs.messages.broker_options import transport_options
from apps.local.chaos import sink
from apps.local.chaos.kinds.witnessed import AWAITED, ERRORS, LIMIT_S, lock_of
from apps.local.chaos.process import Process
from apps.local.chaos.trial import Broken, Trial

SOFT_S = 2  # that workers give their tasks in these trials
_KEYS = ("a", "b", "c")
_ROUNDS = 6
_EACH = 4  # jobs that end with each exception
_ENDS_WITHIN_S = 30.0
_GRACE_S = 10.0  # past its limit a body is killed after 5; the rest is for a busy machine
_LOOK_EVERY_S = 0.25
_ASK_AGAIN_S = 2.0
_WAYS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGINT twice", "group SIGINT", "group SIGQUIT", "remote")
_NOT_ENDED = "SELECT count(*) FROM jobs_job WHERE id = ANY (%s::uuid[]) AND finished_at IS NULL"
_CHARGED = (
    "SELECT state, failures, deaths, count(*) FROM jobs_job WHERE id = ANY (%s::uuid[]) GROUP BY 1, 2, 3"
)


def raised(trial: Trial) -> None:
    """Enqueue jobs that end with exceptions of all of BaseException, in random order (F63 to F65)."""
    hows = [*ERRORS, AWAITED] * _EACH
    trial.random.shuffle(hows)
    ids = trial.send_each("witnessed", [{"key": trial.random.choice(_KEYS), "how": how} for how in hows])
    trial.may_die |= set(ids)
    took = trial.rig.until(lambda: trial.rig.value(_NOT_ENDED, ids) == 0, f"{len(ids)} failing jobs end")
    ended = trial.rig.ask(_CHARGED, ids)
    trial.note(f"{len(ids)} jobs raised {len(ERRORS) + 1} exceptions and ended in {took:.1f} s")
    _check_overlaps(trial)
    if ended != [(7, 1, 0, len(ids))]:  # the last failure buries it
        raise Broken(f"state, failures, deaths, jobs: {ended}")


def shut_down(trial: Trial) -> None:
    """Stop workers in every way at random moments, in the middle of limited jobs (F66 to F68)."""
    jobs: list[dict[str, object]] = [
        {"key": trial.random.choice(_KEYS), "ms": trial.random.randint(50, 4000), "deaf": deaf}
        for deaf in (False, False, False, True) * 6
    ]
    ids = trial.send_each("witnessed", jobs)
    ways = trial.random.sample(_WAYS, _ROUNDS)
    for way in ways:
        trial.hold(trial.random.uniform(0.5, 4))
        name = trial.random.choice(("worker0", "worker1"))
        _stop(trial, trial.rig.processes[name], way)
        trial.restart(name)
    took = _until_ended(trial, ids)
    trial.end_load()
    trial.warm_up()  # the last one that was stopped still starts
    trial.note(f"{', '.join(ways)}; then all ended after {took:.1f} s")
    _check_overlaps(trial)
    if ended := [row for row in trial.rig.ask(_CHARGED, ids) if row[0] != 6 or row[2]]:
        raise Broken(f"state, failures, deaths, jobs: {ended}")


def _stop(trial: Trial, worker: Process, way: str) -> None:
    """Ask a worker to end, and wait until it did."""
    for word in way.split():
        if word.startswith("SIG"):
            number = signal.Signals[word]
            worker.signal_all(number) if way.startswith("group") else worker.signal_main(number)
        elif word == "twice":
            trial.hold(0.5)
            worker.signal_main(signal.SIGINT)
    waited = 0.0
    while not worker.wait(_LOOK_EVERY_S):
        if way == "remote" and not waited % _ASK_AGAIN_S:  # one that still starts does not listen
            _shut_down_remotely(trial, worker)
        _check_limits(trial)
        waited += _LOOK_EVERY_S
        if waited > _ENDS_WITHIN_S:
            raise Broken(f"{worker.name} did not end {_ENDS_WITHIN_S:.0f} s after {way}")


def _shut_down_remotely(trial: Trial, worker: Process) -> None:
    url = trial.rig.valkey.url()
    with Celery("remote", broker=url, set_as_current=False) as app:
        app.conf.broker_transport_options = transport_options(url)
        app.control.shutdown(destination=[f"{worker.name}@{socket.gethostname()}"])


def _until_ended(trial: Trial, ids: list[str]) -> float:
    def ended() -> bool:
        _check_limits(trial)
        return bool(trial.rig.value(_NOT_ENDED, ids) == 0)

    return trial.rig.until(ended, f"{len(ids)} jobs end", 180)


def _check_overlaps(trial: Trial) -> None:
    """Raise Broken when two bodies of one key ran side by side, by the kernel's witness."""
    if overlaps := trial.rig.sink.lines("overlap"):
        raise Broken(f"{len(overlaps)} bodies ran beside another of their key, where concurrency is 1")


def _check_limits(trial: Trial) -> None:
    """Raise Broken when a body holds its key's lock past its limit, by the harness's clock."""
    begun = {line.pid: line.at for line in trial.rig.sink.lines("begun") if line.kind == "witnessed"}
    for key in _KEYS:
        holder = _holder(lock_of(trial.rig.sink.directory, key))
        since = begun.get(holder)
        if since is not None and sink.now() - since > LIMIT_S + _GRACE_S:
            raise Broken(
                f"a body of process {holder} runs {sink.now() - since:.0f} s, its limit is {LIMIT_S:.0f}"
            )


def _holder(lock: Path) -> int:
    """Return the process that holds a file's lock, 0 for none."""
    if not lock.exists():
        return 0
    inode = str(lock.stat().st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if "FLOCK" in words and words[-3].rpartition(":")[2] == inode:
            return int(words[-4])
    return 0
