"""A process says over HTTP on loopback whether it is well, and what it counted."""

import socket
import urllib.error
import urllib.request

import pytest

from apps.jobs import health


def ask(port: int, path: str) -> tuple[int, str]:
    """Ask for a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_it_is_well_until_it_says_what_troubles_it() -> None:
    troubles = [""]
    port = health.answer(0, trouble=lambda: troubles[-1], metrics=lambda: "")
    assert port is not None
    assert ask(port, "/healthz") == (200, "well\n")
    troubles.append("The ledger has not heard of it for 99 s.")
    assert ask(port, "/healthz?verbose=1") == (503, "The ledger has not heard of it for 99 s.\n")


def test_metrics_are_asked_for_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_more_metrics", [lambda: " and more"])
    told = iter(["first", "second"])
    port = health.answer(0, trouble=lambda: "", metrics=lambda: next(told))
    assert port is not None
    assert [ask(port, "/metrics")[1] for _ in range(2)] == ["first and more", "second and more"]


def test_another_page_is_refused_and_says_what_there_is() -> None:
    port = health.answer(0, trouble=lambda: "", metrics=lambda: "")
    assert port is not None
    assert ask(port, "/../etc/passwd") == (404, "Ask for /alerts, /healthz or /metrics.\n")


def test_a_port_that_is_taken_is_said_and_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert health.answer(port, trouble=lambda: "", metrics=lambda: "") is None
    assert f"no health and metrics on 127.0.0.1:{port}" in caplog.text
