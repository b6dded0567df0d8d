"""Every command of the project finds the servers, and the key is made once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from apps.local.servers import addresses
from apps.local.servers.errors import ServerError
from apps.local.servers.layout import Layout
from apps.local.servers.secret_key import secret_key

if TYPE_CHECKING:
    from pathlib import Path


def test_the_environment_wins_over_what_runs_which_wins_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert addresses.database_url(tmp_path) == addresses.DEFAULT_DATABASE_URL
    assert addresses.broker_url(tmp_path) == addresses.DEFAULT_REDIS_URL
    addresses.record(tmp_path, {"DATABASE_URL": "postgresql://here", "REDIS_URL": "redis://here"})
    assert addresses.database_url(tmp_path) == "postgresql://here"
    assert addresses.broker_url(tmp_path) == "redis://here"
    monkeypatch.setenv("DATABASE_URL", "postgresql://there")
    monkeypatch.setenv("REDIS_URL", "redis://there")
    assert addresses.database_url(tmp_path) == "postgresql://there"
    assert addresses.broker_url(tmp_path) == "redis://there"
    monkeypatch.setenv("CELERY_BROKER_URL", "amqp://there")
    assert addresses.broker_url(tmp_path) == "amqp://there"
    assert addresses.redis_url(tmp_path) == "redis://there"


def test_addresses_hold_passwords_and_are_private(tmp_path: Path) -> None:
    addresses.record(tmp_path, {"REDIS_URL": "redis://:secret@here"})
    file = Layout(tmp_path).addresses
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "null"])
def test_a_damaged_file_of_addresses_counts_as_none(tmp_path: Path, content: str) -> None:
    addresses.record(tmp_path, {})
    Layout(tmp_path).addresses.write_text(content)
    assert addresses.recorded(tmp_path) == {}


def test_the_secret_key_is_made_once_however_many_ask_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: secret_key(tmp_path), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert [path.name for path in Layout(tmp_path).state.iterdir()] == ["secret_key"]
    assert stat.S_IMODE(Layout(tmp_path).secret_key.stat().st_mode) == 0o600


def test_a_key_of_the_environment_is_used_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SECRET_KEY", "given")
    assert secret_key(tmp_path) == "given"
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_no_key_can_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / ".backline").write_text("a file where the directory should be")
    with pytest.raises(ServerError, match="Set DJANGO_SECRET_KEY"):
        secret_key(tmp_path)


def test_the_state_can_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_STATE_DIR", str(tmp_path / "elsewhere"))
    addresses.record(tmp_path, {"REDIS_URL": "redis://here"})
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
