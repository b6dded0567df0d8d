"""Lines between processes and servers are cut, fall silent, or are slow."""

from apps.local.chaos import sink
from apps.local.chaos.cables import DOWN, UP, Cable
from apps.local.chaos.throughput import empty_jobs_per_s
from apps.local.chaos.trial import Broken, Trial

_CUTS, _CYCLE = 32, 3000  # bytes that a worker sends to PostgreSQL for one job, and some more
_COMMITTED = b"COMMIT\x00"  # what PostgreSQL says to a COMMIT
_PARTITION_S = 18.0  # longer than a worker may be silent

_RESCUED = "SELECT count(*) FROM jobs_attempt WHERE outcome = 'lost'"


def silent_broker(trial: Trial) -> None:
    """Let a worker's open connections to the broker fall silent; new ones work (F24)."""
    cable = trial.rig.cable("worker0", "broker")
    opened = cable.opened
    cable.blackhole(DOWN, new_ones_too=False)
    took = trial.rig.until(lambda: cable.opened > opened, "the worker connects again")
    mark = sink.now()
    pids = trial.rig.processes["worker0"].pids
    works = trial.rig.until(
        lambda: any(line.at > mark and line.pid in pids() for line in trial.rig.sink.lines("begun")),
        "it works",
    )
    trial.note(f"connected again after {took:.1f} s, worked {works:.1f} s later")


def lost_answers(trial: Trial) -> None:
    """Cut lines to PostgreSQL when a statement was delivered and its answer is under way (F25)."""
    for _ in range(6):
        worker, producer = (trial.rig.cable(name, "postgres") for name in ("worker0", "producer"))
        trial.hold(trial.random.uniform(0, 0.05))
        worker.blackhole(DOWN)  # whatever is asked next: a claim, a body's statement, an outcome
        _lose_what_is_held(trial, worker)
        producer.hold_from(_COMMITTED)
        _lose_what_is_held(trial, producer)
        trial.progress(3)
    unknown = [line.job for line in trial.rig.sink.lines("unknown") if line.at > trial.began_at]
    there = trial.rig.value("SELECT count(*) FROM jobs_job WHERE id = ANY (%s::uuid[])", unknown)
    trial.note(
        f"12 answers lost; of {len(unknown)} enqueues whose answer was lost {there} had been committed"
    )


def cut_by_bytes(trial: Trial) -> None:
    """Cut a worker's line to PostgreSQL after so many bytes, through a whole cycle of its work (F26)."""
    cable = trial.rig.cable("worker0", "postgres")
    passed = 0
    for number in range(_CUTS):
        cable.cut_after(number * _CYCLE // _CUTS + trial.random.randrange(_CYCLE // _CUTS))
        trial.rig.until(cable.was_cut.is_set, "the cut")
        trial.progress(1)
        passed += 1
    trial.note(f"{passed}/{_CUTS} points")


def partition(trial: Trial) -> None:
    """Part one worker from PostgreSQL for longer than its lease, then from the broker (F28)."""
    for server, seconds in (("postgres", _PARTITION_S), ("broker", 4.0)):
        cable = trial.rig.cable("worker0", server)
        cable.blackhole(UP, DOWN)
        trial.hold(seconds)
        cable.reset()
        cable.mend()
        trial.progress(5, f"jobs after the partition from {server}")


def slow_database(trial: Trial) -> None:
    """Slow every way to PostgreSQL by 50, 200 and 1000 ms (F29)."""
    before = trial.rig.value(_RESCUED)  # by faults that the rig went through before
    for slowness in (0.05, 0.2, 1.0):
        _slow(trial, "postgres", slowness)
        trial.hold(6)
    _slow(trial, "postgres", 0)
    rescued = trial.rig.value(_RESCUED) - before
    if rescued:
        raise Broken(f"I6: {rescued} jobs were taken from workers that live")
    trial.note("no false rescue")


def slow_broker(trial: Trial) -> None:
    """Slow every way to the broker by 1 ms, a round trip of 2 ms as in a cloud (F30)."""
    trial.end_load()
    trial.drain()
    near = empty_jobs_per_s(trial)
    _slow(trial, "broker", 0.001)
    far = empty_jobs_per_s(trial)
    _slow(trial, "broker", 0)
    trial.note(f"{near:.0f} jobs/s near, {far:.0f} jobs/s at 2 ms")


def _slow(trial: Trial, server: str, seconds: float) -> None:
    for name in trial.rig.names:
        trial.rig.cable(name, server).latency_s = seconds


def _lose_what_is_held(trial: Trial, cable: Cable) -> None:
    try:
        trial.rig.until(lambda: cable.held(DOWN) > 0, "an answer is under way")
    finally:
        cable.reset()
        cable.mend()
