"""Every file below JOB_MODULES is found, or named."""

from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django import Settings

from apps.jobs import checks, discovery, registry

JOB = """
from apps.jobs import job

@job({kind!r})
def body() -> None:
    \"\"\"Do nothing.\"\"\"
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    """A package of job types of a name that no other test has."""
    package = tmp_path / f"tasks_{uuid4().hex}"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    settings.JOB_MODULES = [package.name]
    return package


def write(file: Path, kind: str = "") -> str:
    """Write a module that declares a job type, by default of a name of its own; return the kind."""
    kind = kind or f"odd.found_{uuid4().hex}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(JOB.format(kind=kind))
    return kind


@pytest.mark.parametrize(
    "path", ["a.py", "new/a.py", "new/deeper/still/a.py", "new/__init__.py", "with-a-dash/a.py"]
)
def test_a_file_is_found_with_and_without_an_init(path: str, root: Path) -> None:
    kind = write(root / path)
    with pytest.raises(registry.UnknownKind, match="is known after a restart"):
        registry.get(kind)
    discovery.discover()
    assert registry.get(kind).name == kind
    assert checks.check_job_files() == []


def test_a_folder_within_one_that_has_an_init_is_found(root: Path) -> None:
    (root / "old").mkdir()
    (root / "old" / "__init__.py").touch()
    kind = write(root / "old" / "new" / "a.py")
    discovery.discover()
    assert registry.get(kind).name == kind


def test_caches_and_hidden_folders_are_passed_by(root: Path) -> None:
    for folder in ("__pycache__", ".idea"):
        (root / folder).mkdir()
        (root / folder / "a.py").write_text("raise RuntimeError('imported')")
    discovery.discover()
    assert checks.check_job_files() == []


def test_an_error_in_a_new_folder_stops_the_start(root: Path) -> None:
    (root / "new").mkdir()
    (root / "new" / "__init__.py").write_text("import no_such_module_at_all")
    write(root / "new" / "a.py")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        discovery.discover()


def test_a_file_that_declares_nothing_is_named(root: Path) -> None:
    (root / "_shared.py").touch()
    (root / "forgotten.py").write_text("def body() -> None: ...")
    discovery.discover()
    [warning] = checks.check_job_files()
    assert (warning.id, warning.is_serious()) == ("jobs.W002", False)
    assert f"{root.name}.forgotten declares no job type" in warning.msg


def test_a_folder_that_cannot_be_imported_is_named(root: Path) -> None:
    write(root / "v1.2" / "a.py")
    discovery.discover()
    [error] = checks.check_job_files()
    assert (error.id, error.is_serious()) == ("jobs.E007", True)
    assert str(root / "v1.2" / "a.py") in error.msg


def test_a_single_module_is_a_root_too(root: Path, settings: Settings) -> None:
    kind = write(root.parent / f"{root.name}_alone.py")
    settings.JOB_MODULES = [f"{root.name}_alone"]
    discovery.discover()
    assert registry.get(kind).name == kind
