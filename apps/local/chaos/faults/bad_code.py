"""Jobs that kill their process, eat all memory, or never return."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import psycopg

from apps.local.chaos import sink
from apps.local.chaos.bounds import KILLS, PAUSE
from apps.local.chaos.trial import Trial

_POISONS = ("abort", "exit", "segfault", "stack")
_GROUPS = Path("/sys/fs/cgroup/memory")
_LIMIT = 300 * 1024**2


def poison(trial: Trial) -> None:
    """Enqueue jobs that abort, exit, crash and overflow the stack; each is buried (F16)."""
    with _delays_nobody(trial):
        ids = _send_bad(trial, "poison", [{"how": how} for how in _POISONS])
        took = _until_dead(trial, ids)
    runs = [sum(line.job == job for line in trial.rig.sink.lines("begun")) for job in ids]
    trial.note(f"set aside after {max(runs)} attempts and {took:.1f} s, with arguments and reason")
    KILLS.check(max(runs))


def hunger(trial: Trial) -> None:
    """Enqueue jobs that need more memory than their process may have (F17)."""
    group = _make_group()
    try:
        wanted: list[dict[str, object]] = [{}] + ([{"group": str(group)}] if group else [])
        with _delays_nobody(trial):
            took = _until_dead(trial, _send_bad(trial, "hungry", wanted))
        trial.note(
            f"MemoryError{' and the kernel kill' if group else ''} ended as dead letters in {took:.1f} s"
        )
        if not group:
            trial.note(f"no kernel kill here: {_GROUPS} is not writable")
    finally:
        if group:
            _remove_group(group)


def hang(trial: Trial) -> None:
    """Enqueue jobs that spin, sleep in C with Python's lock, wait for a held row; the limit is 2 s (F18)."""
    with psycopg.connect(trial.rig.postgres.url()) as holder:
        holder.execute("SELECT FROM chaos_held FOR UPDATE")
        for how in ("spin", "lock", "deaf"):
            with _delays_nobody(trial):
                took = _until_dead(trial, _send_bad(trial, "hang", [{"how": how}]))
            trial.note(f"{how}: seen after {took:.1f} s")


def _send_bad(trial: Trial, kind: str, arguments: list[dict[str, object]]) -> list[str]:
    ids = trial.send_each(kind, arguments)
    trial.may_die |= set(ids)
    return ids


def _until_dead(trial: Trial, ids: list[str]) -> float:
    """Wait until these jobs are dead letters with arguments and a reason."""
    query = (
        "SELECT count(*) FROM jobs_job AS j JOIN jobs_dead_letter AS l ON l.job_id = j.id "
        "WHERE j.id = ANY (%s::uuid[]) AND j.state = 7 AND l.message <> '' AND l.evidence ? 'args'"
    )
    return trial.rig.until(lambda: trial.rig.value(query, ids) == len(ids), f"{len(ids)} dead letters (I13)")


@contextmanager
def _delays_nobody(trial: Trial) -> Iterator[None]:
    """See that jobs of the load go on to end beside what happens in the block."""
    began = sink.now()
    yield
    times = sorted(line.at for line in trial.rig.sink.since(began, "done"))
    pause = max(later - sooner for sooner, later in pairwise([began, *times, sink.now()]))
    trial.note(f"neighbours paused {pause:.1f} s at most")
    PAUSE.check(pause)


def _make_group() -> Path | None:
    group = _GROUPS / f"backline-chaos-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(_LIMIT), encoding="ascii")
    except OSError:
        return None
    return group


def _remove_group(group: Path) -> None:
    for pid in (group / "cgroup.procs").read_text(encoding="ascii").split():
        (_GROUPS / "cgroup.procs").write_text(pid, encoding="ascii")
    group.rmdir()
