"""Run faults from the first server to the verdict."""

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import psycopg
import redis
from django.conf import settings

from apps.local.chaos.faults.fault import Fault
from apps.local.chaos.judge import judge
from apps.local.chaos.rig import CannotRun, NotInTime, Rig
from apps.local.chaos.throughput import ENOUGH, Throughput, break_in, measure, measure_again
from apps.local.chaos.trial import Broken, Trial
from apps.local.chaos.verdict import Verdict


class Runner:
    """Run faults one after the other; those that need the same rig share one as long as all is well."""

    def __init__(self) -> None:
        self._rig: Rig | None = None

    def __enter__(self) -> Self:
        """Begin without a rig."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the last rig down."""
        self._take_down()

    def run(
        self, fault: Fault, *, seed: int, jobs: int | None = None, celery: bool = False, measures: bool = True
    ) -> Verdict:
        """Run a fault; what a broken one leaves behind is not used again, and its logs are kept."""
        plan = replace(fault.plan, is_celery=celery)
        if self._rig is None or self._rig.plan != plan:
            self._take_down()
            self._rig = Rig(plan).__enter__()
        verdict = run_on(self._rig, fault, seed=seed, jobs=jobs, measures=measures)
        if not verdict.is_sound:
            verdict.note += f"; logs in {_kept(self._rig, fault)}"
            self._take_down()
        return verdict

    def _take_down(self) -> None:
        rig, self._rig = self._rig, None
        if rig is not None:
            rig.__exit__(None, None, None)


def run_on(rig: Rig, fault: Fault, *, seed: int, jobs: int | None = None, measures: bool = False) -> Verdict:
    """Run a fault on a rig that stands; it may be used again after it.

    Throughput before and after takes half the time; without it fast clocks run for less of it too.
    """
    began = time.monotonic()
    system = "celery" if rig.plan.is_celery else "backline"
    verdict = Verdict(fault.code, seed, title=fault.title, system=system)
    load = replace(fault.load, jobs=jobs or fault.load.jobs)
    trial = Trial(rig, load, seed, is_quick=not measures)
    try:
        _through(trial, fault, verdict, measures=measures)
    except CannotRun as reason:
        verdict.ran = False
        trial.note(f"cannot run here: {reason}")
    except (NotInTime, Broken) as reason:
        verdict.broken.append(str(reason))
        _clear_up(trial)
    except (OSError, LookupError, psycopg.Error, redis.RedisError) as error:
        verdict.broken.append(f"the harness itself failed: {error!r}")
        rig.restore()
        trial.end_load()
    if verdict.ran:
        judge(trial, verdict, fault)
    verdict.note = "; ".join(trial.notes)
    verdict.took_s = round(time.monotonic() - began, 1)
    return verdict


def compare(verdict: Verdict, before: Throughput, after: Throughput) -> None:
    """Hold throughput after the fault against that before it."""
    verdict.recovery = round(after.per_s / before.per_s, 3)
    verdict.cost = round(after.cpu_ms / before.cpu_ms, 3)
    if verdict.recovery < ENOUGH:
        verdict.broken.append(
            f"I14: {before.per_s:.0f} jobs/s went through before the fault, {after.per_s:.0f} after it"
        )


def _clear_up(trial: Trial) -> None:
    """Let what was enqueued end all the same, so that only what is lost counts as lost."""
    with suppress(NotInTime):
        trial.rig.restore()
        trial.end_load()
        trial.drain()


def _kept(rig: Rig, fault: Fault) -> Path:
    """Copy the logs of every process to where they outlive the rig."""
    place = settings.STATE_DIR / "chaos" / fault.code
    place.mkdir(parents=True, exist_ok=True)
    for log in rig.directory.glob("*.log"):
        shutil.copy(log, place)
    shutil.copy(rig.sink.directory / "lines", place)
    return Path(place)


def _through(trial: Trial, fault: Fault, verdict: Verdict, *, measures: bool) -> None:
    trial.rig.need_clocks()
    trial.rig.restore()
    trial.mark()
    trial.warm_up()
    before = _before(trial) if measures else None
    trial.begin_load()
    trial.progress(max(1, trial.load.jobs // 20), "jobs before the fault")
    fault.inject(trial)
    trial.end_load()
    trial.rig.restore()
    trial.drain()
    if before is not None:
        trial.warm_up()
        compare(verdict, before, measure_again(trial, before))
        if not trial.rig.plan.is_celery:
            trial.drain()  # the sink hears that a job is done before the ledger does


def _before(trial: Trial) -> Throughput:
    break_in(trial)
    return measure(trial)
