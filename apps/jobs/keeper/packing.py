"""How many jobs of a kind one message carries: about a quarter of a second of work, as was measured.

A message costs a worker some milliseconds beside its jobs. Kinds that count running jobs go one by one,
since a bundle runs its jobs one after the other while each of them holds a place.
"""

from apps.jobs import registry, sql
from apps.jobs.kinds.kind import Kind
from apps.jobs.kinds.limits import limit_of
from apps.jobs.transitions import Fill

_WORK_S = 0.25  # in one message, at most: a person who cancels, and the next in line, wait for no more
_WORTH_S = 0.02  # less than this is not split over more slots: the messages would cost more than is won
_MOST = 500  # jobs; more are slower to claim and to finish


def fills() -> dict[str, Fill]:
    """Return the sizes of all kinds that were measured, by each of their names; any other goes one by one."""
    paces: dict[str, float] = dict(sql.run("paces", {}))
    found: dict[str, Fill] = {}
    for task in registry.kinds().values():
        names = (task.name, *reversed(task.aliases))  # the newest first: a rename changes no pace
        mean_s = next((paces[name] for name in names if name in paces), None)
        if mean_s is not None and (fill := fill_of(task, mean_s)).most > 1:
            found |= dict.fromkeys(names, fill)
    return found


def fill_of(task: Kind, mean_s: float) -> Fill:
    """Return the size for a job type whose jobs take so long on average."""
    limit = limit_of(task)
    if limit is not None and limit.concurrency is not None:
        return Fill()
    allowed = min(task.bundle, _MOST)
    return Fill(_jobs_in(_WORK_S, mean_s, allowed), _jobs_in(_WORTH_S, mean_s, allowed))


def _jobs_in(seconds: float, mean_s: float, allowed: int) -> int:
    return max(1, min(allowed, int(seconds / max(mean_s, 1e-6))))
