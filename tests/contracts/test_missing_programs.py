"""A machine without Chromium, RabbitMQ or libfaketime is told so in two lines."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from apps.local.chaos import clocks
from apps.local.servers import rabbitmq
from apps.local.servers.errors import ServerError
from tests.contracts.tree import ROOT
from tests.missing_programs import lines, missing

CHROMIUM = "Chromium is not installed: apt-get install chromium"


def of_rabbitmq(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a machine without RabbitMQ says."""
    monkeypatch.setattr(rabbitmq, "_HOMES", ())
    with pytest.raises(ServerError) as refused:
        rabbitmq.rabbitmq_program()
    return str(refused.value)


def test_each_reason_names_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = [CHROMIUM, clocks.MISSING, of_rabbitmq(monkeypatch)]
    assert [missing(reason) for reason in reasons] == [["Chromium"], ["libfaketime"], ["RabbitMQ"]]
    assert missing("only root mounts") == []


def test_many_skipped_tests_are_two_lines_and_other_reasons_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        reasons = [CHROMIUM, clocks.MISSING, of_rabbitmq(patched)]
    tests = [f"@pytest.mark.skip(reason={reasons[n % 3]!r})\ndef test_{n}(): ..." for n in range(45)]
    tests.append("@pytest.mark.skip(reason='only root mounts')\ndef test_other(): ...")
    (tmp_path / "test_many.py").write_text("import pytest\n" + "\n".join(tests))
    words = ["-m", "pytest", "-ra", "-p", "tests.missing_programs", "-p", "no:django", "-c", "/dev/null"]
    done = subprocess.run(
        [sys.executable, *words, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    told = done.stdout
    for line in lines(["Chromium", "RabbitMQ", "libfaketime"], 45):
        assert line in told
    assert re.findall(r"^SKIPPED.*: (.*)$", told, re.MULTILINE) == ["only root mounts"]
