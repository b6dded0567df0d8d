"""What a worker claimed and cannot read: no job type of that name is in its code, or only an older one."""

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
    return _set_aside(
        claims,
        "UnknownKind",
        f"No job type is called {kind!r}. It was renamed, removed, or is not released yet.",
    )


def set_aside_newer(claim: Claim, *, reads: int) -> bool:
    """Let a job sleep until a worker comes that reads its version; bury it when none will."""
    message = (
        f"Its arguments have version {claim.schema_version} of {claim.kind}, and this release reads up to"
        f" {reads}. Deploy one that reads version {claim.schema_version}; a dead letter has to be replayed"
        " then."
    )
    return bool(_set_aside([claim], "NewerVersion", message))


def _set_aside(claims: Sequence[Claim], error_type: str, message: str) -> Counter[State]:
    params = {
        "ids": [claim.id for claim in claims],
        "lease": claims[0].lease,
        "bundle": claims[0].bundle,
        "patience": PATIENCE,
        "first_s": _FIRST_S,
        "longest_s": _LONGEST_S,
        "error_type": error_type,
        "message": message,
    }
    return Counter({State(state): count for state, count in sql.run("set_aside", params)})
