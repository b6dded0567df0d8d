"""Run faults from the first server to the verdict."""

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Self

import psycopg
import redis
from django.conf import settings

from apps.local.chaos.faults.fault import Fault
from apps.local.chaos.judge import Verdict, judge
from apps.local.chaos.rig import CannotRun, NotInTime, Plan, Rig
from apps.local.chaos.trial import Broken, Trial


class Runner:
    """Run faults one after the other; those that need the same rig share one as long as all is well."""

    def __init__(self) -> None:
        self._rig: Rig | None = None
        self._sound: list[
            tuple[Plan, float]
        ] = []  # how much went through before each fault, by the rig's plan

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
        usual = Usual(plan, self._sound) if measures else None
        verdict = run_on(self._rig, fault, seed=seed, jobs=jobs, usual=usual)
        if not verdict.is_sound:
            verdict.note += f"; logs in {_kept(self._rig, fault)}"
            self._take_down()
        return verdict

    def _take_down(self) -> None:
        rig, self._rig = self._rig, None
        if rig is not None:
            rig.__exit__(None, None, None)


class Usual:
    """What goes through a rig of one plan when nothing is wrong, by what was measured before every fault."""

    def __init__(self, plan: Plan, known: list[tuple[Plan, float]]) -> None:
        self._plan = plan
        self._known = known

    def add(self, pace: float) -> float:
        """Add a measurement and return the median of all: a single one is a tenth off by chance."""
        self._known.append((self._plan, pace))
        return median(known for plan, known in self._known if plan == self._plan)


def run_on(
    rig: Rig, fault: Fault, *, seed: int, jobs: int | None = None, usual: Usual | None = None
) -> Verdict:
    """Run a fault on a rig that stands; it may be used again after it.

    Without ``usual`` throughput is left out, which takes half the time; fast clocks run for less of it.
    """
    began = time.monotonic()
    system = "celery" if rig.plan.is_celery else "backline"
    verdict = Verdict(fault.code, seed, title=fault.title, system=system)
    load = replace(fault.load, jobs=jobs or fault.load.jobs)
    trial = Trial(rig, load, seed, is_quick=usual is None)
    try:
        _through(trial, fault, verdict, usual)
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
        judge(trial, verdict, expects_dead=fault.expects_dead)
    verdict.note = "; ".join(trial.notes)
    verdict.took_s = round(time.monotonic() - began, 1)
    return verdict


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


def _through(trial: Trial, fault: Fault, verdict: Verdict, usual: Usual | None) -> None:
    trial.rig.need_clocks()
    trial.rig.restore()
    trial.mark()
    trial.warm_up()
    if usual:
        trial.break_in()
    before = usual.add(trial.pace()) if usual else 0.0
    trial.begin_load()
    trial.progress(max(1, trial.load.jobs // 20), "jobs before the fault")
    fault.inject(trial)
    trial.end_load()
    trial.rig.restore()
    trial.drain()
    if usual:
        trial.warm_up()
        verdict.recovery = round(trial.pace_again(before) / before, 3)
        if not trial.rig.plan.is_celery:
            trial.drain()  # the sink hears that a job is done before the ledger does
