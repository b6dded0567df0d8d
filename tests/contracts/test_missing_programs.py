"""Each skipped test names what is missing; programs are summed up in two lines."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from apps.local.chaos import clocks
from apps.local.servers import pgbouncer, rabbitmq
from apps.local.servers.errors import ServerError
from tests.contracts.tree import ROOT
from tests.missing_programs import PACKAGES, lines, missing

_REASON = re.compile(r'(?:pytest\.skip\(\s*|mark\.skipif\([^"]*reason=)f?"([^"]+)"')
CHROMIUM = "Chromium is not installed: apt-get install chromium"


def of_rabbitmq(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a machine without RabbitMQ says."""
    monkeypatch.setattr(rabbitmq, "_HOMES", ())
    with pytest.raises(ServerError) as refused:
        rabbitmq.rabbitmq_program()
    return str(refused.value)


def of_pgbouncer(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the reason on a machine without PgBouncer."""
    monkeypatch.setattr(pgbouncer, "_PLACES", "/nowhere")
    with pytest.raises(ServerError) as refused:
        pgbouncer.pgbouncer_program()
    return str(refused.value)


def test_each_reason_names_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = [CHROMIUM, of_pgbouncer(monkeypatch), of_rabbitmq(monkeypatch), clocks.MISSING]
    assert [missing(reason) for reason in reasons] == [[name] for name in PACKAGES]
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


def test_every_other_reason_begins_with_what_is_missing() -> None:
    texts = [path.read_text() for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    reasons = [found for text in texts for found in _REASON.findall(text)]
    assert len(reasons) > 5
    assert [
        reason for reason in reasons if not reason.startswith(("no ", "not ")) and not missing(reason)
    ] == []
