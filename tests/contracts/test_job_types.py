"""One file under tasks/ is one job type, and its path is the kind."""

import ast
from pathlib import Path

from tests.contracts.tree import ROOT, code, functions, place, told


def _job_files() -> list[Path]:
    return [path for path in code("tasks") if path.name != "__init__.py"]


def _kinds(path: Path) -> list[str]:
    calls = [
        one for function in functions(path) for one in function.decorator_list if isinstance(one, ast.Call)
    ]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "job"]
    return [str(call.args[0].value) for call in named if call.args and isinstance(call.args[0], ast.Constant)]


def test_there_are_job_types() -> None:
    assert _job_files()


def test_each_file_declares_the_job_type_that_its_path_names() -> None:
    faults = []
    for path in _job_files():
        expected = ".".join(path.relative_to(ROOT / "tasks").with_suffix("").parts)
        if _kinds(path) != [expected]:
            faults.append(f"{place(path)} declares {_kinds(path) or 'nothing'}.")
    assert not faults, told(
        faults, "Declare exactly one @job per file; its kind is the path under tasks, with dots."
    )


def test_each_job_type_says_to_people_what_it_does() -> None:
    faults = [
        place(path, function.lineno)
        for path in _job_files()
        for function in functions(path)
        if function.decorator_list and not ast.get_docstring(function)
    ]
    assert not faults, told(faults, "Write a docstring: it is shown to the people who start the job.")
