"""The state of a job is written by apps/jobs/transitions and by nobody else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.contracts.tree import ROOT, code, files, parsed, place, told

TRANSITIONS = ROOT / "apps/jobs/transitions"
STATEMENTS = ROOT / "apps/jobs/sql"
_SET_STATE = re.compile(
    r"UPDATE\s+(?:ONLY\s+)?jobs_job\b.*?\bSET\b(?:(?!\bWHERE\b).)*?\bstate\s*=", re.DOTALL | re.IGNORECASE
)
_INSERT = re.compile(r"(INSERT\s+INTO|COPY)\s+jobs_job\b", re.IGNORECASE)
_RUN = ("run", "run_planned")
MEND = "Write a job's state in apps/jobs/transitions only, through a statement in apps/jobs/sql."


def _writes_state(text: str) -> bool:
    return bool(_SET_STATE.search(text) or _INSERT.search(text))


def _statements() -> set[str]:
    return {path.stem for path in STATEMENTS.glob("*.sql") if _writes_state(path.read_text(encoding="utf-8"))}


def _run_calls(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _RUN:
            for name in node.args[:1]:
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield name.value, node.lineno


def test_only_transitions_runs_the_statements_that_write_state() -> None:
    writing = _statements()
    assert {"enqueue", "claim", "finish", "rescue", "cancel"} <= writing, (
        "This test no longer finds the writes."
    )
    faults = [
        f"{place(path, line)} runs {name}.sql."
        for path in code()
        if not path.is_relative_to(TRANSITIONS) and path.is_relative_to(ROOT / "apps/jobs")
        for name, line in _run_calls(path)
        if name in writing
    ]
    assert not faults, told(faults, MEND)


def test_no_statement_elsewhere_writes_state() -> None:
    faults = [
        place(path)
        for path in files(".sql")
        if path.parent != STATEMENTS and _writes_state(path.read_text(encoding="utf-8"))
    ]
    faults += [
        place(path, node.lineno)
        for path in code()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _writes_state(node.value)
    ]
    assert not faults, told(faults, MEND)


def test_no_code_writes_state_through_the_orm() -> None:
    faults = [
        place(path, getattr(node, "lineno", 0))
        for path in code()
        for node in ast.walk(parsed(path))
        if _assigns_state(node) or _updates_state(node) or _makes_a_job(node)
    ]
    assert not faults, told(faults, MEND)


def _assigns_state(node: ast.AST) -> bool:
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AugAssign)
        else []
    )
    return any(isinstance(target, ast.Attribute) and target.attr == "state" for target in targets)


def _updates_state(node: ast.AST) -> bool:
    if (
        not isinstance(node, ast.Call)
        or not isinstance(node.func, ast.Attribute)
        or node.func.attr != "update"
    ):
        return False
    return any(keyword.arg == "state" for keyword in node.keywords)


def _makes_a_job(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    return (
        called == "Job"
        or re.fullmatch(r"Job\.objects\.(create|bulk_create|get_or_create|update_or_create)", called)
        is not None
    )
