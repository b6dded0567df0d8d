"""Judge a trial by what the witnesses saw: the sink, the effects' table, and the history of every state."""

from collections import Counter
from dataclasses import asdict, dataclass, field

from apps.jobs.states import MOVES
from apps.local.chaos.sink import Line
from apps.local.chaos.trial import Trial

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
# A lease is never issued twice.
_LEASES = (
    "SELECT count(*) FROM (SELECT lease FROM chaos_history WHERE became = 3 AND was <> 3 "
    "GROUP BY lease, job HAVING count(*) > 1) AS again"
)


@dataclass
class Verdict:
    """What came of one fault; the fields of its line."""

    fault: str
    seed: int
    jobs: int = 0  # acknowledged enqueues
    lost: int = 0  # of them: without an end or without their effect
    doubled: int = 0  # executions of plain jobs beyond the first
    doubled_effects: int = 0  # effects of atomic and keyed jobs beyond the first
    stale_refused: int = 0  # writes of workers that had lost their lease
    rescue_p50_s: float | None = None
    rescue_p99_s: float | None = None
    rescue_max_s: float | None = None
    recovery: float | None = None  # throughput after / before
    cost: float | None = None  # processor time a job, after / before
    title: str = ""
    system: str = "backline"
    dead: int = 0  # ended as dead letters
    broken: list[str] = field(default_factory=list)  # invariants, each with what was seen
    note: str = ""
    took_s: float = 0.0
    ran: bool = True

    @property
    def is_sound(self) -> bool:
        """Say whether every invariant held."""
        return not (self.lost or self.doubled_effects or self.broken)

    def as_dict(self) -> dict[str, object]:
        """Return the line as data."""
        return asdict(self)


def judge(trial: Trial, verdict: Verdict, *, expects_dead: bool) -> None:
    """Fill in what the witnesses say."""
    lines = [line for line in trial.rig.sink.lines() if line.at >= trial.began_at]
    kept = {line.job for line in lines if line.what == "kept"} - trial.forgiven | trial.tally.jobs.keys()
    verdict.jobs = len(kept)
    _judge_effects(trial, verdict, lines, kept)
    _judge_rescue(trial, verdict, lines)
    _judge_moments(trial, verdict)
    verdict.stale_refused = trial.refused() - trial.refused_before
    if not trial.rig.plan.is_celery:
        _judge_ledger(trial, verdict, kept, expects_dead=expects_dead)
        _judge_ghosts(verdict, lines)


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
    """Return jobs that need no effect: they were set aside or cancelled."""
    return {str(job) for (job,) in trial.rig.ask("SELECT id FROM jobs_job WHERE state IN (7, 8)")}


def _judge_moments(trial: Trial, verdict: Verdict) -> None:
    """Count a moment without a job as a loss, and one with two as an effect that was doubled."""
    verdict.lost += trial.tally.lost
    verdict.doubled_effects += trial.tally.doubled
    verdict.broken += [f"I7: {sentence}" for sentence in trial.tally.wrong]


def _judge_ledger(trial: Trial, verdict: Verdict, kept: set[str], *, expects_dead: bool) -> None:
    states = {str(job): state for job, state in trial.rig.ask("SELECT id, state FROM jobs_job")}
    if gone := kept - states.keys():
        verdict.broken.append(f"I1: {len(gone)} acknowledged jobs are not in the ledger")
    if open_ := [job for job in kept & states.keys() if states[job] not in _ENDED]:
        verdict.broken.append(f"I1: {len(open_)} acknowledged jobs have no final state")
    dead = {job for job in kept if states.get(job) == _DEAD}
    unknown = dead & {str(job) for (job,) in trial.rig.ask(_UNKNOWN)}
    verdict.dead = len(dead)
    if unknown:
        trial.note(f"{len(unknown)} effects cut off in the middle wait for a person to look")
    if dead - unknown and not expects_dead:
        verdict.broken.append(f"I4: {len(dead - unknown)} jobs were set aside that did nothing wrong")
    if twice := trial.rig.value(_TWICE, trial.moves_before):
        verdict.broken.append(f"I3: {twice} jobs succeeded twice")
    if again := trial.rig.value(_LEASES):
        verdict.broken.append(f"I5: {again} leases were issued twice")
    if strange := [
        f"{was}>{became}" for was, became, _ in trial.rig.ask(_MOVES) if (was, became) not in MOVES
    ]:
        verdict.broken.append(f"I3: moves that no arrow names: {' '.join(strange)}")


def _judge_ghosts(verdict: Verdict, lines: list[Line]) -> None:
    undone = {line.job for line in lines if line.what == "undone"}
    if ghosts := undone & {line.job for line in lines if line.what == "begun"}:
        verdict.broken.append(f"I2: {len(ghosts)} jobs ran whose enqueue was rolled back")


def _judge_rescue(trial: Trial, verdict: Verdict, lines: list[Line]) -> None:
    """Measure from each death to the next beginning of each job that was under way in the dead process."""
    waits = sorted(wait for death in trial.deaths for wait in waits_of(lines, death.at, death.pids))
    if waits:
        verdict.rescue_p50_s = round(waits[len(waits) // 2], 3)
        verdict.rescue_p99_s = round(waits[int(len(waits) * 0.99)], 3)
        verdict.rescue_max_s = round(waits[-1], 3)


def waits_of(lines: list[Line], at: float, pids: frozenset[int]) -> list[float]:
    """Return how long each job waited that was under way in these processes when they died."""
    under_way: dict[int, Line] = {}
    waits = []
    for line in lines:
        if line.at <= at and line.pid in pids:
            if line.what == "begun":
                under_way[line.pid] = line
            elif line.what == "done":
                under_way.pop(line.pid, None)
    jobs = {line.job for line in under_way.values()}
    for line in lines:
        if line.what == "begun" and line.job in jobs and line.at > at:
            waits.append(line.at - at)
            jobs.discard(line.job)
    return waits
