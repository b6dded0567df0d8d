"""What is stored is closed to other accounts, wherever it is stored."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import pytest
from django.core.mail import EmailMessage

from apps.lib.private_files import private_folder
from apps.local.supervise.logs import Follower
from apps.mail.to_files import EmailBackend
from apps.maintenance.backup.shelf import Shelf


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Return the permissions of a path."""
    return S_IMODE(path.stat().st_mode)


def test_a_folder_and_its_missing_parents_are_private(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(path) for path in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3


def test_a_folder_of_ours_that_others_may_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    assert mode(private_folder(tmp_path / "open")) == 0o700


def test_letters_in_files_are_private(tmp_path: Path) -> None:
    backend = EmailBackend(file_path=str(tmp_path / "mail"))
    backend.send_messages([EmailMessage("Subject", "Body", "a@example.org", ["b@example.org"])])
    [file] = (tmp_path / "mail").iterdir()
    assert (mode(tmp_path / "mail"), mode(file)) == (0o700, 0o600)
    assert b"Subject: Subject" in file.read_bytes()


def test_backups_are_private(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir(mode=0o755)
    shelf = Shelf(tmp_path / "backups")
    shelf.tidy()
    with shelf.adding(tmp_path / "backups" / "backup.dump") as part:
        part.write_bytes(b"x")
    assert (mode(tmp_path / "backups"), mode(tmp_path / "backups" / "backup.dump")) == (0o700, 0o600)


def test_a_log_that_is_put_aside_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.local.supervise.logs._LONGEST", 10)
    log = tmp_path / "web.log"
    log.write_text("a line that is long enough\n")
    list(Follower(log).lines())
    assert mode(tmp_path / "web.log.1") == 0o600
