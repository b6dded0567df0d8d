"""PostgreSQL dies directly after COMMIT returned, and nothing that was committed is lost."""

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.acceptance.committer import WAYS
from tests.acceptance.machine import ROOT, Machine

SUCCEEDED = 6
SIGNALS = (signal.SIGQUIT, signal.SIGKILL)  # an immediate stop, and the death of the postmaster
ALWAYS = ("progress inside", "track in an atomic job", "request")


def test_nothing_that_was_committed_is_lost_when_postgresql_dies(machine: Machine, tmp_path: Path) -> None:
    _crash(machine, tmp_path, times=8)


@pytest.mark.chaos  # five to ten minutes
def test_nothing_is_lost_in_two_hundred_deaths(machine: Machine, tmp_path: Path) -> None:
    _crash(machine, tmp_path, times=200)


def _crash(machine: Machine, tmp_path: Path, *, times: int) -> None:
    machine.ask("CREATE TABLE committed (mark uuid)")
    errors = tmp_path / "errors"
    with errors.open("wb") as out:
        committer = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.committer"],
            cwd=ROOT, env=machine.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out,
            text=True,
        )  # fmt: skip
    try:
        for number, way in enumerate(_ways(times)):
            how = SIGNALS[number % 2]
            mark, jobs, job = _commit_and_crash(machine, committer, way, how, errors)
            kept = machine.value("SELECT count(*) FROM committed WHERE mark = %s", mark)
            enqueued = machine.value("SELECT count(*) FROM jobs_job WHERE id = ANY (%s::uuid[])", jobs)
            assert (kept, enqueued) == (1, len(jobs)), f"lost: crash {number}, {way}, {how.name}"
            if job:
                assert machine.value("SELECT state FROM jobs_job WHERE id = %s", job) == SUCCEEDED, way
    finally:
        committer.kill()
        committer.communicate()


def _ways(times: int) -> list[str]:
    seed = int(os.environ.get("BACKLINE_SEED", random.randrange(10**6)))
    print(f"BACKLINE_SEED={seed}")
    chance = random.Random(seed)
    rounds = [chance.sample(sorted(WAYS), len(WAYS)) for _ in range(times // len(WAYS) + 1)]
    return [*ALWAYS, *(way for ways in rounds for way in ways)][:times]


def _commit_and_crash(
    machine: Machine, committer: "subprocess.Popen[str]", way: str, how: signal.Signals, errors: Path
) -> tuple[str, list[str], str | None]:
    assert committer.stdin is not None
    assert committer.stdout is not None
    postmaster = machine.postgres.process()
    assert postmaster is not None
    committer.stdin.write(json.dumps([way, int(how), postmaster.pid]) + "\n")
    committer.stdin.flush()
    with suppress(psutil.TimeoutExpired):
        postmaster.wait(60)
    machine.postgres.start()
    line = committer.stdout.readline()
    assert line, f"{way}: {errors.read_text(errors='replace')[-3000:]}"
    mark, jobs, job = json.loads(line)
    return mark, jobs, job
