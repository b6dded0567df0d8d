"""Run one fault from the first server to the verdict."""

import time
from dataclasses import replace

from apps.local.chaos.faults.fault import Fault
from apps.local.chaos.judge import Verdict, judge
from apps.local.chaos.rig import NotInTime, Rig
from apps.local.chaos.trial import CannotRun, Trial


def run(fault: Fault, *, seed: int, jobs: int | None = None, celery: bool = False) -> Verdict:
    """Run a fault on a rig of its own."""
    with Rig(replace(fault.plan, is_celery=celery)) as rig:
        return run_on(rig, fault, seed=seed, jobs=jobs)


def run_on(rig: Rig, fault: Fault, *, seed: int, jobs: int | None = None) -> Verdict:
    """Run a fault on a rig that stands; it may be used again after it."""
    began = time.monotonic()
    system = "celery" if rig.plan.is_celery else "backline"
    verdict = Verdict(fault.code, seed, title=fault.title, system=system)
    trial = Trial(rig, replace(fault.load, jobs=jobs or fault.load.jobs), seed)
    try:
        _through(trial, fault, verdict)
    except CannotRun as reason:
        verdict.ran = False
        trial.note(f"cannot run here: {reason}")
    except NotInTime as reason:
        verdict.broken.append(str(reason))
        rig.restore()
        trial.end_load()
    if verdict.ran:
        judge(trial, verdict, expects_dead=fault.expects_dead)
    verdict.note = "; ".join([*trial.notes, *filter(None, [fault.later])])
    verdict.took_s = round(time.monotonic() - began, 1)
    return verdict


def _through(trial: Trial, fault: Fault, verdict: Verdict) -> None:
    trial.rig.restore()
    trial.warm_up()
    before = trial.throughput()
    trial.begin_load()
    trial.progress(max(1, trial.load.jobs // 20), "jobs before the fault")
    fault.inject(trial)
    trial.end_load()
    trial.rig.restore()
    trial.drain()
    trial.warm_up()
    verdict.recovery = round(trial.throughput() / before, 3)
