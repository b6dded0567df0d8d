"""One fault under load: what every trial does, whatever the fault.

Throughput is measured, a load is sent, the fault happens in its middle and heals, everything drains, and
throughput is measured again (``throughput``). What a fault does in the middle stands in ``faults``.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from apps.local.chaos import sink
from apps.local.chaos.executions import Gap
from apps.local.chaos.moments import Tally
from apps.local.chaos.process import Process, alive
from apps.local.chaos.rig import PATIENCE_S, NotInTime, Rig
from apps.local.chaos.sender import One, Sender

MIX = ("plain", "atomic", "keyed")
_QUIET_S = 3.0  # plain Celery has drained when nothing moved for so long ...
_VISIBILITY_S = 75.0  # ... and what is missing had its visibility timeout
_NOT_ENDED = "SELECT count(*) FROM jobs_job WHERE kind LIKE 'chaos.%%' AND state NOT IN (6, 7, 8)"


class Broken(RuntimeError):  # noqa: N818
    """An invariant does not hold; the message says what was seen."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent through while the fault happens."""

    jobs: int = 240
    per_s: float = 60.0  # 0: as fast as it goes
    ms: int = 30  # each job's work
    kinds: tuple[str, ...] = MIX


@dataclass(frozen=True, slots=True)
class Death:
    """Processes that were killed, and when."""

    at: float
    pids: frozenset[int]


@dataclass
class Trial:
    """One run of one fault on one rig."""

    rig: Rig
    load: Load
    seed: int
    is_quick: bool = False  # time that passes faster than the world's is cut short too
    deaths: list[Death] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    forgiven: set[str] = field(default_factory=set)  # jobs that the fault itself undid
    may_die: set[str] = field(default_factory=set)  # jobs that the fault made to end as dead letters
    may_be_cancelled: set[str] = field(default_factory=set)  # jobs that the fault asks to stop
    gaps: list[Gap] = field(default_factory=list)  # whose claims PostgreSQL may have forgotten
    hit: set[str] = field(default_factory=set)  # jobs whose process was killed in their middle
    enqueued: dict[str, float] = field(default_factory=dict)  # what the producer measured
    tally: Tally = field(default_factory=Tally)  # what came of the moments of schedules
    effects_before: int = 0  # the last row of a witness's table when the trial began
    moves_before: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.sender = Sender(self.rig)
        self.began_at = sink.now()
        self.refused_before = self.refused()

    # --- What faults are made of ---------------------------------------------------------

    def note(self, text: str) -> None:
        """Add a figure or a sentence to the fault's line."""
        self.notes.append(text)

    def progress(self, jobs: int, what: str = "jobs end", patience: float = PATIENCE_S) -> float:
        """Wait until so many more jobs were done; return how long that took."""
        enough = len(self.rig.sink.lines("done")) + jobs
        return self.rig.until(lambda: len(self.rig.sink.lines("done")) >= enough, f"{jobs} {what}", patience)

    def hold(self, seconds: float) -> None:
        """Let a fault last: this is its length, not a wait for anything."""
        time.sleep(seconds)

    def refused(self) -> int:
        """Count the writes that were refused on this rig because a lease was lost."""
        return self.rig.logs("worker").count("its lease was lost")

    def kill(self, process: Process, *, main_only: bool = False) -> None:
        """Kill a process with all it started, or its main process only, and remember the moment."""
        self.deaths.append(Death(sink.now(), frozenset(process.pids())))
        if main_only:
            process.kill_main()
        else:
            process.kill()

    @contextmanager
    def forgetting(self, since: float | None = None) -> Iterator[None]:
        """Remember a time in which PostgreSQL dies: what it had not flushed, or what came since, is gone."""
        since = sink.now() if since is None else since
        try:
            yield
        finally:
            self.gaps.append(Gap(since, sink.now()))

    def kill_child(self) -> int:
        """Kill one process in the middle of a job that was not hit before; return its pid.

        One that is hit three times without getting further is set aside, and by chance that happens to a job
        that begins again at once.
        """
        pid = self.random.choice(self._pids_in_unhurt_jobs())
        self.deaths.append(Death(sink.now(), frozenset({pid})))
        os.kill(pid, signal.SIGKILL)
        if (line := self.rig.sink.working().get(pid)) is not None:
            self.hit.add(line.job)
        return pid

    def working_pid(self, process: Process) -> int:
        """Wait until a process of this worker is in the middle of a job; return its pid."""
        return self._working_pids(process)[0]

    def freeze_at_work(self, process: Process) -> str:
        """Freeze a worker in the middle of a job; return the job."""
        while True:
            pid = self.working_pid(process)
            process.freeze()
            busy = self.rig.sink.working()
            if pid in busy:
                return busy[pid].job
            process.wake()

    def kill_at_work(self, process: Process) -> str:
        """Kill a worker in the middle of a job, whatever ends meanwhile; return the job."""
        job = self.freeze_at_work(process)
        self.kill(process)
        return job

    def other_side_is_down(self, is_down: bool) -> None:
        """Let every flaky job fail, or no more."""
        down = self.rig.sink.directory / "down"
        if is_down:
            down.touch()
        else:
            down.unlink(missing_ok=True)

    def revive(self) -> None:
        """Start everything that died, as a supervisor would; a load whose producer died begins again."""
        lasts = self.sender.is_busy
        for name in self.rig.names:
            if not self.rig.processes[name].is_alive:
                self.rig.start(name)
                if name == "producer" and lasts:
                    self.begin_load()

    def send(self, *, jobs: int, ms: int = 0, kinds: tuple[str, ...] = MIX) -> None:
        """Send jobs and wait until they are enqueued."""
        self.sender.send(_mix(Load(ms=ms, kinds=kinds)), jobs=jobs)

    def send_each(self, kind: str, arguments: list[dict[str, object]]) -> list[str]:
        """Send one job of a kind for each of these arguments, beside the load; return their ids."""
        flooder = self.rig.start("flooder")
        Sender(self.rig, "flooder").send(
            [(f"chaos.{kind}", one, "") for one in arguments], jobs=len(arguments)
        )
        flooder.kill()
        return [line.job for line in self.rig.sink.lines("kept") if line.pid == flooder.pid]

    # --- What every trial does -----------------------------------------------------------

    def mark(self) -> None:
        """Remember where the witnesses' tables end: what earlier trials did is not this one's."""
        self.effects_before = self.rig.value("SELECT COALESCE(max(n), 0) FROM chaos_effect")
        if not self.rig.plan.is_celery:
            self.moves_before = self.rig.value("SELECT COALESCE(max(n), 0) FROM chaos_history")

    def warm_up(self) -> None:
        """Send jobs until every worker did one."""
        patience = time.monotonic() + PATIENCE_S
        while not all(self._has_worked(process) for process in self.rig.workers()):
            if time.monotonic() > patience:
                raise NotInTime(
                    f"not every worker works:\n{self.rig.logs('worker', 'keeper', 'producer')[-3000:]}"
                )
            began = sink.now()
            self.send(jobs=16, ms=20, kinds=("plain",))
            self.await_done(began, PATIENCE_S)

    def begin_load(self) -> None:
        """Begin to send the load; it goes on as long as the fault does, and is never smaller than asked."""
        self.sender.begin(_mix(self.load), jobs=self.load.jobs, per_s=self.load.per_s, lasts=True)

    def end_load(self) -> None:
        """Send no more, and wait until the producer has heard that."""
        self.enqueued = self.sender.finish() or self.enqueued

    def drain(self) -> None:
        """Wait until everything that was enqueued ended, or cannot any more."""
        if self.rig.plan.is_celery:
            self.await_done(0, _VISIBILITY_S, or_raise=False)
            return
        self.rig.until(
            lambda: self.rig.value(_NOT_ENDED.replace("%%", "%")) == 0, "every job ended", PATIENCE_S * 2
        )

    def await_done(self, since: float, patience: float, *, or_raise: bool = True) -> None:
        """Wait until what was enqueued since then is done, by the sink."""
        give_up_at = time.monotonic() + patience
        while missing := self._missing(since):
            if time.monotonic() > give_up_at:
                if or_raise:
                    raise NotInTime(f"{len(missing)} jobs were not done within {patience:.0f} s")
                return
            time.sleep(0.05)

    def _missing(self, since: float) -> set[str]:
        kept = {line.job for line in self.rig.sink.since(since, "kept")}
        return kept - {line.job for line in self.rig.sink.since(since, "done")}

    def _working_pids(self, process: Process | None = None) -> list[int]:
        seen: list[int] = []

        def works() -> bool:
            seen.extend(self._working(process))
            return bool(seen)

        self.rig.until(works, f"{process.name if process else 'a worker'} works")
        return seen

    def _pids_in_unhurt_jobs(self) -> list[int]:
        seen: list[int] = []

        def works() -> bool:
            busy = self.rig.sink.working()
            seen.extend(pid for pid in self._working() if pid in busy and busy[pid].job not in self.hit)
            return bool(seen)

        self.rig.until(works, "a worker works on a job that was not hit before")
        return seen

    def restart(self, name: str) -> Process:
        """Start a process that was killed, as a supervisor would."""
        return self.rig.start(name)

    def _working(self, process: Process | None = None) -> list[int]:
        pids = self.rig.sink.working().keys() & alive(set(self.rig.sink.working()))
        return sorted(pids if process is None else pids & process.pids())

    def _has_worked(self, process: Process) -> bool:
        return bool({line.pid for line in self.rig.sink.lines("done")} & process.pids())


def _mix(load: Load) -> list[One]:
    return [(f"chaos.{kind}", {"ms": load.ms}, "") for kind in load.kinds]
