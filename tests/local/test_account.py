"""Started by root, everything of `manage.py up` runs as its own account, or the start says how it can."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from apps.local.servers.errors import ServerError
from apps.local.servers.ports import free_port
from apps.local.servers.privileges import OWN_ACCOUNT, give, process_account, run_as, server_account
from tests.local.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path(psutil.__file__).resolve().parents[1]
OURS = ("uvicorn", "celery -A config worker", "manage.py keeper", "config beat", "config flower")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="not root: only root drops to another account")


@pytest.fixture
def python() -> str:
    """A Python that every account may run, with the packages of this one."""
    name = f"python3.{sys.version_info.minor}"
    places = (shutil.which(name, path=path) for path in ("/usr/local/bin", "/usr/bin"))
    for found in (sys.executable, *places):
        if found is not None and _runs_the_packages(found):
            return found
    pytest.skip(f"no Python like this one ({sys.version.split()[0]}) is in reach of every account")


@pytest.fixture
def state() -> Iterator[Path]:
    """A place for the state of a run, which the account can reach; gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="backline-account-"))
    place.chmod(0o755)
    yield place / "state"
    shutil.rmtree(place)


def test_root_drops_to_an_account_that_is_made_once() -> None:
    account = server_account()
    assert (account.name, account.other) == (OWN_ACCOUNT, True)
    assert account.uid == pwd.getpwnam(OWN_ACCOUNT).pw_uid != 0
    assert server_account() == account
    assert pwd.getpwnam(OWN_ACCOUNT).pw_shell.endswith("nologin")


def test_named_account_must_exist_and_not_be_root(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no-such-account", "root"):
        monkeypatch.setenv("BACKLINE_SERVER_USER", name)
        with pytest.raises(ServerError, match=f"there is no account {name}"):
            server_account()


def test_project_that_the_account_cannot_read_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKLINE_RUN_AS_ROOT", raising=False)
    tmp_path.chmod(0o700)
    with pytest.raises(ServerError, match="cannot read") as refused:
        process_account(tmp_path)
    assert "BACKLINE_RUN_AS_ROOT=yes" in refused.value.mend
    monkeypatch.setenv("BACKLINE_RUN_AS_ROOT", "yes")
    assert not process_account(tmp_path).other


def test_given_directory_belongs_to_the_account_and_links_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "state"
    (inside / "deep").mkdir(parents=True)
    outside.write_text("x")
    (inside / "deep" / "file").write_text("x")
    (inside / "link").symlink_to(outside)
    account = server_account()
    give(inside, account)
    assert {path.lstat().st_uid for path in (inside, *inside.rglob("*"))} == {account.uid}
    assert outside.stat().st_uid == 0


def test_every_process_of_a_run_started_by_root_drops_from_root(python: str, state: Path) -> None:
    output = state.with_name("output.txt")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "BACKLINE_RUN_AS_ROOT"},
        "PYTHONPATH": str(PACKAGES),
        "BACKLINE_STATE_DIR": str(state),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [python, "manage.py", "up", "--port", str(free_port())]
    with output.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: b"Ctrl-C stops" in output.read_bytes() or process.poll() is not None, 240)
        assert process.poll() is None, output.read_text()
        running = _processes_of(process.pid)
        for name in OURS:
            owners = {owner for owner, line in running if name in line and "leash.py" not in line}
            assert owners == {OWN_ACCOUNT}, (name, running)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


def _runs_the_packages(python: str) -> bool:
    code = f"import sys; sys.path.insert(0, {str(PACKAGES)!r}); import celery, django, psycopg, redis"
    try:
        return run_as(server_account(), [python, "-c", code]).returncode == 0
    except OSError:
        return False


def _processes_of(pid: int) -> list[tuple[str, str]]:
    """Return the account and the command line of everything below a process."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            found.append((child.username(), " ".join(child.cmdline())))
        except psutil.NoSuchProcess:
            continue
    return found
