"""Two lines for the programs that this machine lacks, in the place of a line for each test that needs one."""

from collections.abc import Sequence

import pytest
from _pytest.terminal import TerminalReporter

PACKAGES = {
    "Chromium": "chromium",
    "PgBouncer": "pgbouncer",
    "RabbitMQ": "rabbitmq-server",
    "libfaketime": "libfaketime",
}
_HINT = "apt-get install"


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Take those tests out of the list of skipped ones, and name the programs and the command instead."""
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    without = [report for report in skipped if missing(reason_of(report))]
    if not without:
        return
    terminalreporter.stats["skipped"] = [report for report in skipped if report not in without]
    names = sorted({name for report in without for name in missing(reason_of(report))})
    for line in lines(names, len(without)):
        terminalreporter.write_line(line, yellow=True)


def lines(names: Sequence[str], tests: int) -> tuple[str, str]:
    """Return what is missing, and the command that installs it."""
    are = "is" if len(names) == 1 else "are"
    packages = " ".join(PACKAGES[name] for name in names)
    return (
        f"{tests} tests did not run: {', '.join(names)} {are} not installed.",
        f"On Debian and Ubuntu: {_HINT} {packages}",
    )


def missing(reason: str) -> list[str]:
    """Return the programs that a reason names as not installed."""
    return [name for name in PACKAGES if name in reason and _HINT in reason]


def reason_of(report: pytest.TestReport) -> str:
    """Return why a test was skipped."""
    told = report.longrepr
    return str(told[2]) if isinstance(told, tuple | list) and len(told) == 3 else ""
