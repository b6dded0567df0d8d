"""Tell what came of the faults: a line each for people, an object each for programs, and `chaos.json`."""

import json
from collections.abc import Iterable
from pathlib import Path

from apps.local.chaos.verdict import Verdict

HEAD = (
    f"{'fault':6}{'':9}{'jobs':>6}{'lost':>6}{'doubled':>9}{'effects x2':>12}{'stale':>7}"
    f"{'rescue p50':>12}{'p99':>8}{'max':>8}{'recovery':>10}{'cost':>7}  what happened"
)


def told(verdict: Verdict) -> str:
    """Return a fault's line for people."""
    figures = (
        f"{verdict.fault:6}{verdict.system:9}{verdict.jobs:>6}{verdict.lost:>6}{verdict.doubled:>9}"
        f"{verdict.doubled_effects:>12}{verdict.stale_refused:>7}{_seconds(verdict.rescue_p50_s):>12}"
        f"{_seconds(verdict.rescue_p99_s):>8}{_seconds(verdict.rescue_max_s):>8}{_share(verdict.recovery):>10}"
        f"{_share(verdict.cost):>7}"
    )
    more = "".join(
        f"\n       {part}" for part in [verdict.note, *(f"BROKEN {one}" for one in verdict.broken)] if part
    )
    return f"{figures}  {verdict.title}{more}"


def write(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Write `chaos.json`: every line of this run."""
    path.write_text(json.dumps([one.as_dict() for one in verdicts], indent=1) + "\n", encoding="utf-8")


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
