"""The witness of concurrency sees what it is there for: two bodies of a key, and a body that goes on."""

import fcntl
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from apps.local.chaos import sink
from apps.local.chaos.faults import attempts
from apps.local.chaos.kinds.witnessed import ERRORS, lock_of, witnessed
from apps.local.chaos.sink import Sink
from apps.local.chaos.trial import Broken


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A trial, as far as its witness goes."""
    monkeypatch.setenv(sink.DIRECTORY, str(tmp_path))
    return SimpleNamespace(rig=SimpleNamespace(sink=Sink(tmp_path)))


def run(key: str, how: str = "") -> None:
    witnessed.run(SimpleNamespace(job_id=uuid4()), key=key, how=how)


def test_one_body_after_the_other_is_no_overlap(trial: Any) -> None:
    for _ in range(2):
        run("a")
    attempts._check_overlaps(trial)
    assert len(trial.rig.sink.lines("done")) == 2


def test_two_bodies_of_one_key_are_seen_also_in_one_process(trial: Any) -> None:
    with lock_of(trial.rig.sink.directory, "a").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        run("b")
        attempts._check_overlaps(trial)
        run("a")
    with pytest.raises(Broken, match="1 bodies ran beside another"):
        attempts._check_overlaps(trial)


def test_a_body_past_its_limit_is_seen_while_its_process_holds_the_lock(
    trial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.tell("begun", uuid4(), "witnessed")
    with lock_of(trial.rig.sink.directory, "a").open("a") as own:
        fcntl.flock(own, fcntl.LOCK_EX)
        assert attempts._holder(lock_of(trial.rig.sink.directory, "a")) == os.getpid()
        attempts._check_limits(trial)
        monkeypatch.setattr(attempts, "LIMIT_S", -attempts._GRACE_S)
        with pytest.raises(Broken, match="its limit is"):
            attempts._check_limits(trial)
    attempts._check_limits(trial)


@pytest.mark.parametrize("how", ERRORS)
def test_a_body_ends_with_the_exception_it_is_asked_for(trial: Any, how: str) -> None:
    with pytest.raises(type(ERRORS[how]())):
        run("a", how)
