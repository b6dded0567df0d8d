"""Each command of `celery -A config` works on a running Backline, or says what to use instead."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from celery.bin.celery import celery as commands

from tests.acceptance.machine import ROOT, Machine

ELSEWHERE = {"worker", "beat", "flower", "multi"}  # processes, which other tests start
SUCCEEDED, CANCELLED = 6, 8


@pytest.fixture
def worked(machine: Machine) -> Machine:
    """A machine with a keeper and a worker."""
    machine.keeper()
    machine.worker("w", 1)
    return machine


def run(machine: Machine, *words: str) -> str:
    """Run a command as a person would and return what it printed; a worker that still starts is awaited."""
    out: list[str] = []

    def is_done() -> bool:
        command = [sys.executable, "-m", "celery", "-A", "config", *words]
        env = machine.environment
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
        out[:] = [done.stdout, done.stderr]
        return done.returncode == 0

    machine.until(is_done, f"{words} answers", patience=120 if words[0] == "control" else 1)
    return out[0]


def test_jobs_are_called_asked_for_and_cancelled(worked: Machine) -> None:
    job = run(worked, "call", "kinds.add", "--kwargs", '{"a": 1}').strip()
    worked.until_ended([job])
    assert run(worked, "result", job).strip() == str(
        worked.value("SELECT result FROM jobs_job WHERE id = %s", job)
    )
    assert run(worked, "result", "-t", "kinds.add", job)
    later = run(worked, "call", "kinds.add", "--kwargs", '{"a": 1}', "--countdown", "3600").strip()
    assert "cancelled in the ledger" in run(worked, "control", "revoke", later)
    worked.until_ended([later], CANCELLED)


def test_a_message_of_many_jobs_is_not_revoked_with_its_first(worked: Machine) -> None:
    jobs = worked.enqueue("kinds.walk", 6, steps=20, pause_ms=20)
    run(worked, "control", "terminate", "KILL", jobs[0])
    worked.until_ended(jobs[1:])
    state = worked.value("SELECT state FROM jobs_job WHERE id = %s", jobs[0])
    assert state in (CANCELLED, SUCCEEDED)


CONTROLS = (
    ["heartbeat"],
    ["pool_grow", "1"],
    ["add_consumer", "imports"],
    ["rate_limit", "kinds.add", "1/m"],
    ["time_limit", "kinds.add", "1", "2"],
)
EVERY = (
    ["status", "-t", "5"],
    *(["inspect", "-t", "5", what] for what in ("ping", "active", "registered", "stats", "conf", "report")),
    *(["control", "-t", "5", *what] for what in CONTROLS),
    ["report"],
    ["list", "bindings"],
    ["graph", "bootsteps"],
    ["amqp", "queue.declare", "of_a_test"],
    ["events", "--dump", "--help"],
    ["migrate", "--help"],
    ["logtool", "stats", os.devnull],
    ["upgrade", "settings", "--no-backup", os.devnull],
    ["shell", "--python"],
    ["purge", "-f"],
    ["call", "--help"],
    ["result", "--help"],
)
PROGRAM = """
import json, sys
from click.testing import CliRunner
from celery.bin.celery import celery
answers = []
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(celery, ["-A", "config", *words], input="print(app.tasks['kinds.add'].name)")
    answers.append([words, done.exit_code, done.output])
print(json.dumps(answers), file=sys.__stdout__)
"""


def test_every_command_works(worked: Machine) -> None:
    worked.until(lambda: _answers(worked, [["status", "-t", "5"]])[0][1] == 0, "the worker answers")
    said = {}
    for words, code, output in _answers(worked, EVERY):
        assert code == 0, f"{words}: {output}\n{worked.last_words()}"
        assert "Traceback" not in output, f"{words}: {output}"
        said[" ".join(words)] = output
    assert "w@" in said["status -t 5"]
    assert "kinds.add" in said["inspect -t 5 registered"]
    assert '"ack_emulation": false' in said["inspect -t 5 stats"]
    assert 'limit="10/min"' in said["control -t 5 rate_limit kinds.add 1/m"]
    assert "timeout=" in said["control -t 5 time_limit kinds.add 1 2"]
    secret = str(urlsplit(worked.broker.url()).password)
    assert not [words for words, output in said.items() if secret in output]
    assert "kinds.add" in said["shell --python"]
    assert set(commands.commands) - {words[0] for words in EVERY} == ELSEWHERE


def _answers(machine: Machine, asked: Sequence[list[str]]) -> list[tuple[list[str], int, str]]:
    """Run commands in one process that has not set Django up."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(asked)]
    done = subprocess.run(command, cwd=ROOT, env=machine.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answers: list[tuple[list[str], int, str]] = json.loads(done.stdout.splitlines()[-1])
    return answers
