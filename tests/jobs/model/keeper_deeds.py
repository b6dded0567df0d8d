"""What a keeper does: it fills the window, releases, expires, cleans up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from apps.jobs import sql, transitions
from apps.jobs.keeper import old_weeks
from apps.jobs.keeper.strays import Strays
from apps.jobs.kinds.limits import Limit
from apps.jobs.operating import pause
from apps.jobs.states import ENDED, SLEEPING, WAITING, State
from apps.jobs.transitions import Fill, Rules
from tests.jobs.model.deed import Deed, counts, moves_nothing
from tests.jobs.model.history import Move
from tests.jobs.model.person_deeds import LIMITED, PACKED
from tests.jobs.steps import HOUR, QUEUE

FILLS = {PACKED: Fill(most=3, least=3)}
LIMIT = Limit(LIMITED, concurrency=1, rate=None)


def relay(room: int) -> Deed:
    """Relay as the keeper does."""

    def work() -> object:
        stopped = [each.name for each in pause.paused() if each.scope == "kind"]
        return transitions.relay(QUEUE, room, Rules(fills=FILLS, limits=[LIMIT], paused=stopped))

    def judge(answer: object, moves: list[Move]) -> None:
        assert isinstance(answer, list)
        assert len(answer) <= room
        assert moves == []

    return Deed("relay", work, judge, may_wait=False)


def republish() -> Deed:
    """Send again what nobody claimed."""
    return Deed(
        "republish", lambda: transitions.republish(patience=timedelta()), moves_nothing, may_wait=False
    )


def release() -> Deed:
    """Put those in line whose time has come."""
    return Deed("release", transitions.release, counts(SLEEPING, State.READY), may_wait=False)


def expire() -> Deed:
    """Cancel what was to start before now."""
    return Deed("expire", lambda: transitions.expire(since=HOUR), counts(WAITING, State.CANCELLED))


def prune() -> Deed:
    """Delete what ended, as the keeper does in a week that is partly needed."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    params = {"after": UUID(int=0), "batch": 1000, "before": tomorrow, "delete": True}

    def work() -> object:
        return sum(sql.run_on(week.name, "prune_jobs", params)[0][2] for week in old_weeks.weeks())

    return Deed("prune", work, counts(ENDED, None))


def look_for_strays() -> Deed:
    """Look for jobs that stand nowhere, of which there are none."""

    def judge(answer: object, moves: list[Move]) -> None:
        assert answer == 0, "a job stood nowhere"
        assert moves == []

    return Deed("strays", Strays(), judge)


UPKEEP: dict[str, Callable[[], Deed]] = {
    "release": release,
    "expire": expire,
    "prune": prune,
    "republish": republish,
    "strays": look_for_strays,
    "recall": lambda: Deed("recall", pause.recall, moves_nothing),
    "go on": lambda: Deed("go on", pause.go_on, moves_nothing),
    "sweep": lambda: Deed("sweep", lambda: sql.run("sweep_bundles", {}), moves_nothing),
    "free slots": lambda: Deed("free slots", lambda: sql.run("free_slots", {}), moves_nothing),
}
