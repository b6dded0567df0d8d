"""Judge a trial by what the witnesses saw: the sink, the effects' table, and the history of every state."""

from collections import Counter

from apps.jobs.states import MOVES
from apps.local.chaos.endings import Endings, cut_off, wronged
from apps.local.chaos.executions import unexplained
from apps.local.chaos.faults.fault import Fault
from apps.local.chaos.rescues import late, waits_of
from apps.local.chaos.sink import Line
from apps.local.chaos.slowness import slowness
from apps.local.chaos.trial import Trial
from apps.local.chaos.verdict import Verdict

_SUCCEEDED, _DEAD, _CANCELLED = 6, 7, 8
_ENDED = (_SUCCEEDED, _DEAD, _CANCELLED)
# A job may have succeeded once, and its history may hold no move that states.py does not name.
_TWICE = (
    "SELECT count(*) FROM "
    "(SELECT job FROM chaos_history WHERE became = 6 AND n > %s "
    "GROUP BY job HAVING count(*) > 1) AS twice"
)
_MOVES = "SELECT was, became, count(*) FROM chaos_history WHERE was <> became GROUP BY was, became"
# An effect outside the database that was begun and not ended: the ledger asks instead of doing it again.
_UNKNOWN = "SELECT job_id FROM jobs_dead_letter WHERE evidence ->> 'error_type' = 'EffectUnknown'"
_ENDED_BADLY = "SELECT id, state FROM jobs_job WHERE state IN (7, 8)"
_REASONS = "SELECT job_id, count(*) FROM jobs_attempt GROUP BY job_id"
# A lease is never issued twice.
_LEASES = (
    "SELECT count(*) FROM (SELECT lease FROM chaos_history WHERE became = 3 AND was <> 3 "
    "GROUP BY lease, job HAVING count(*) > 1) AS again"
)


def judge(trial: Trial, verdict: Verdict, fault: Fault) -> None:
    """Fill in what the witnesses say."""
    lines = [line for line in trial.rig.sink.lines() if line.at >= trial.began_at]
    kept = {line.job for line in lines if line.what == "kept"} - trial.forgiven | trial.tally.jobs.keys()
    verdict.jobs = len(kept)
    _judge_effects(trial, verdict, lines, kept)
    waits = _judge_rescue(trial, verdict, lines)
    _judge_moments(trial, verdict)
    verdict.stale_refused = trial.refused() - trial.refused_before
    if not trial.rig.plan.is_celery:
        _judge_ledger(trial, verdict, kept)
        _judge_endings(trial, verdict, lines, kept)
        _judge_executions(trial, verdict, lines, fault)
        _judge_ghosts(verdict, lines)
        if verdict.stale_refused < fault.stale:
            verdict.broken.append(f"I5: {verdict.stale_refused} stale writes were refused, not {fault.stale}")
        verdict.broken += late(waits, fault.rescue, slowness=slowness())


def _judge_effects(trial: Trial, verdict: Verdict, lines: list[Line], kept: set[str]) -> None:
    kinds = {line.job: line.kind for line in lines if line.what in ("kept", "trying", "unknown")}
    kinds |= trial.tally.jobs
    begun = Counter(line.job for line in lines if line.what == "begun" and line.kind == "plain")
    verdict.doubled = sum(times - 1 for times in begun.values())
    since = "SELECT job FROM chaos_effect WHERE n > %s"
    rows = Counter(str(job) for (job,) in trial.rig.ask(since, trial.effects_before))
    charged = Counter(line.job for line in lines if line.what == "charged")
    verdict.doubled_effects = sum(times - 1 for times in (rows + charged).values())
    happened = {
        "chaos.plain": {line.job for line in lines if line.what == "done" and line.kind == "plain"},
        "chaos.atomic": set(rows),
        "chaos.keyed": set(charged) | trial.rig.sink.keys(),
    }
    missing = {job for job in kept if job not in happened.get(kinds[job], {job})}
    ended = set() if trial.rig.plan.is_celery else _ended_otherwise(trial)
    verdict.lost = len(missing - ended)


def _ended_otherwise(trial: Trial) -> set[str]:
    """Return jobs that need no effect: they were set aside or cancelled, rightly or not (I4)."""
    return {str(job) for job, _ in trial.rig.ask(_ENDED_BADLY)}


def _judge_moments(trial: Trial, verdict: Verdict) -> None:
    """Count a moment without a job as a loss, and one with two as an effect that was doubled."""
    verdict.lost += trial.tally.lost
    verdict.doubled_effects += trial.tally.doubled
    verdict.broken += [f"I7: {sentence}" for sentence in trial.tally.wrong]


def _judge_ledger(trial: Trial, verdict: Verdict, kept: set[str]) -> None:
    states = {str(job): state for job, state in trial.rig.ask("SELECT id, state FROM jobs_job")}
    if gone := kept - states.keys():
        verdict.broken.append(f"I1: {len(gone)} acknowledged jobs are not in the ledger")
    if open_ := [job for job in kept & states.keys() if states[job] not in _ENDED]:
        verdict.broken.append(f"I1: {len(open_)} acknowledged jobs have no final state")
    if twice := trial.rig.value(_TWICE, trial.moves_before):
        verdict.broken.append(f"I3: {twice} jobs succeeded twice")
    if again := trial.rig.value(_LEASES):
        verdict.broken.append(f"I5: {again} leases were issued twice")
    if strange := [
        f"{was}>{became}" for was, became, _ in trial.rig.ask(_MOVES) if (was, became) not in MOVES
    ]:
        verdict.broken.append(f"I3: moves that no arrow names: {' '.join(strange)}")


def _judge_endings(trial: Trial, verdict: Verdict, lines: list[Line], kept: set[str]) -> None:
    """Let only those end badly that the fault meant, or whose effect was cut off in its middle."""
    ended = {(str(job), state) for job, state in trial.rig.ask(_ENDED_BADLY) if str(job) in kept}
    dead = {job for job, state in ended if state == _DEAD}
    begun = Counter(line.job for line in lines if line.what == "begun")
    unknown = cut_off(dead & {str(job) for (job,) in trial.rig.ask(_UNKNOWN)}, begun)
    verdict.dead = len(dead)
    if unknown:
        trial.note(f"{len(unknown)} effects cut off in the middle wait for a person to look")
    verdict.broken += wronged(
        Endings(dead, cancelled={job for job, _ in ended} - dead, cut_off=unknown),
        may_die=trial.may_die,
        may_be_cancelled=trial.may_be_cancelled,
    )


def _judge_executions(trial: Trial, verdict: Verdict, lines: list[Line], fault: Fault) -> None:
    """Let a job be executed again only for a reason, and no plain job where nobody lost a claim."""
    reasons = {str(job): count for job, count in trial.rig.ask(_REASONS)}
    if without := unexplained(lines, reasons, trial.gaps):
        verdict.broken.append(f"I4: {len(without)} jobs were executed again and nothing says why")
    if verdict.doubled and not fault.repeats:
        verdict.broken.append(
            f"I4: {verdict.doubled} executions of plain jobs too many, and no claim was lost"
        )


def _judge_ghosts(verdict: Verdict, lines: list[Line]) -> None:
    undone = {line.job for line in lines if line.what == "undone"}
    if ghosts := undone & {line.job for line in lines if line.what == "begun"}:
        verdict.broken.append(f"I2: {len(ghosts)} jobs ran whose enqueue was rolled back")


def _judge_rescue(trial: Trial, verdict: Verdict, lines: list[Line]) -> list[float]:
    """Measure from each death to the next beginning of each job that was under way in the dead process."""
    waits = sorted(wait for death in trial.deaths for wait in waits_of(lines, death.at, death.pids))
    if waits:
        verdict.rescue_p50_s = round(waits[len(waits) // 2], 3)
        verdict.rescue_p99_s = round(waits[int(len(waits) * 0.99)], 3)
        verdict.rescue_max_s = round(waits[-1], 3)
    return waits
