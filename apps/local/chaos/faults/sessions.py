"""Bodies change the database sessions of their workers."""

from apps.local.chaos.kinds.changing import CHANGES, WAYS
from apps.local.chaos.trial import Broken, Trial

_ROUNDS = 3  # of every change in every way
_NOT_ENDED = "SELECT count(*) FROM jobs_job WHERE id = ANY (%s::uuid[]) AND finished_at IS NULL"
_BY_STATE = "SELECT state, count(*) FROM jobs_job WHERE id = ANY (%s::uuid[]) GROUP BY 1 ORDER BY 1"


def changed(trial: Trial) -> None:
    """Enqueue jobs that change their sessions, in every way and in random order (F60 to F62)."""
    wanted: list[dict[str, object]] = [
        {"change": change, "way": way}
        for change in CHANGES
        for way in WAYS
        for _ in range(_ROUNDS)
        if (change, way) != ("DISCARD ALL", "transaction")  # which PostgreSQL refuses
    ]
    trial.random.shuffle(wanted)
    ids = trial.send_each("changing", wanted)
    took = trial.rig.until(
        lambda: trial.rig.value(_NOT_ENDED, ids) == 0, f"{len(ids)} jobs that change their sessions end"
    )
    ended = dict(trial.rig.ask(_BY_STATE, ids))
    inherited = len(trial.rig.sink.lines("inherited"))
    trial.note(f"{len(ids)} sessions changed in {took:.1f} s, {inherited} inherited")
    if inherited or ended != {6: len(ids)}:
        raise Broken(f"jobs by state: {ended}, {inherited} inherited a changed session")
