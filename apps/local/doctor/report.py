"""The doctor's report, for people and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from apps.local.doctor.checks import is_well
from apps.maintenance.health.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKS = {Level.OK: "ok", Level.INFO: "--", Level.WRONG: "no"}


def as_text(findings: Sequence[Finding]) -> str:
    """Return one line per finding, the mend below what is not well, and a last line that sums up."""
    width = max(len(finding.name) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"  {_MARKS[finding.level]}  {finding.name.ljust(width)}  {finding.what}")
        if finding.mend:
            lines.append(f"      {' ' * width}  {finding.mend}")
    faults = sum(finding.level is Level.WRONG for finding in findings)
    lines.append(f"{faults} to mend" if faults else "nothing to mend")
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """Return one object: whether all is well, and each finding."""
    report = {"ok": is_well(findings), "findings": [asdict(finding) for finding in findings]}
    return json.dumps(report, indent=2)
