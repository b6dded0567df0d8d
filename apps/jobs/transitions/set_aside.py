"""What a worker claimed and cannot run, since no job type of that name is in its code."""

from collections import Counter
from collections.abc import Sequence

from apps.jobs import sql
from apps.jobs.states import State
from apps.jobs.transitions.running import Claim

PATIENCE = 7  # times; with these pauses about ten minutes, longer than a deploy mixes old and new workers
_FIRST_S, _LONGEST_S = 5, 300


def set_aside(claims: Sequence[Claim]) -> Counter[State]:
    """Let jobs of one claim sleep until a worker comes that knows their kind; bury them when none will."""
    kind = claims[0].kind
    params = {
        "ids": [claim.id for claim in claims],
        "lease": claims[0].lease,
        "bundle": claims[0].bundle,
        "patience": PATIENCE,
        "first_s": _FIRST_S,
        "longest_s": _LONGEST_S,
        "message": f"No job type is called {kind!r}. It was renamed, removed, or is not released yet.",
    }
    return Counter({State(state): count for state, count in sql.run("set_aside", params)})
