"""Logs are followed by whole lines, and shown without what could harm a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from apps.local.supervise import logs
from apps.local.supervise.logs import Follower, start_log
from apps.local.supervise.screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def add(log: Path, text: str) -> None:
    with log.open("ab") as file:
        file.write(text.encode())


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = Follower(log)
    assert list(follower.lines()) == []
    add(log, "one\ntw")
    assert list(follower.lines()) == ["one"]
    add(log, "o\nthree\n")
    assert list(follower.lines()) == ["two", "three"]


def test_a_restarted_process_is_followed_from_its_first_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    start_log(log)
    follower = Follower(log)
    add(log, "old\n")
    follower.skip()
    start_log(log)
    add(log, "new, and longer than before\n")
    assert list(follower.lines()) == ["new, and longer than before"]
    assert log.with_suffix(".log.1").read_text() == "old\n"


def test_a_log_that_became_too_long_is_shortened_without_losing_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_LONGEST", 100)
    log = tmp_path / "log"
    start_log(log)
    follower = Follower(log)
    seen: list[str] = []
    for number in range(50):
        add(log, f"line {number}\n")
        seen += follower.lines()
    assert seen == [f"line {number}" for number in range(50)]
    assert log.stat().st_size <= 110


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    log = tmp_path / "log"
    follower = Follower(log)
    add(log, "x" * 3_000_000)
    assert list(follower.lines()) == []
    assert len(follower._rest) <= logs._AT_ONCE


def test_a_log_line_cannot_steer_the_terminal() -> None:
    stream = io.StringIO()
    Screen(stream).log_line("web", "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J back\x08\rspace")
    shown = stream.getvalue()
    assert "red" in shown
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown.rstrip("\n"))


def test_a_stream_that_knows_only_ascii_still_gets_the_box() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Screen(stream).box([("Backline", "http://127.0.0.1:8000/")], "Ctrl-C")
    assert b"http://127.0.0.1:8000/" in raw.getvalue()


def test_every_row_of_the_box_is_as_wide_as_the_others() -> None:
    stream = io.StringIO()
    Screen(stream).box([("A", "short"), ("Longer name", "a value that is longer than all others")], "end")
    assert len({len(line) for line in stream.getvalue().strip().splitlines()}) == 1
