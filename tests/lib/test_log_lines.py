"""What is logged cannot forge a line of a log or steer the terminal it is read on."""

import io
import logging
import logging.config
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from celery import Celery
from celery.signals import after_setup_logger, after_setup_task_logger
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from apps.lib.log_lines import OneLine, escape_handlers, for_terminal

FORGED = "x\n2026-11-30 20:00:00,000 CRITICAL root: FORGED \x1b[31m\r\x9b2J\u2028\u202eend"
ESCAPED = r"x\n2026-11-30 20:00:00,000 CRITICAL root: FORGED \x1b[31m\r\x9b2J\u2028\u202eend"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """Return a logger and where its one handler, formatted as in the settings, writes."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(OneLine("%(levelname)s: %(message)s"))
    logger = logging.Logger("test")  # noqa: LOG001  # of this test alone
    logger.addHandler(handler)
    yield logger, out
    handler.close()


def test_a_message_is_one_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log
    logger.warning("%s", FORGED)
    assert out.getvalue() == f"WARNING: {ESCAPED}\n"


@pytest.mark.parametrize("where", ["message", "note", "cause", "group"])
def test_no_line_of_a_traceback_can_be_forged(log: tuple[logging.Logger, io.StringIO], where: str) -> None:
    logger, out = log
    error: Exception = ValueError(FORGED if where == "message" else "plain")
    if where == "note":
        error.add_note(FORGED)
    if where == "cause":
        error.__cause__ = KeyError(FORGED)
    if where == "group":
        error = ExceptionGroup("several", [ValueError(FORGED)])
    try:
        raise error
    except Exception:
        logger.exception("it failed")
    written = out.getvalue()
    assert "FORGED" in written
    assert not any(line.startswith("2026") for line in written.splitlines())
    assert for_terminal(written) == written


def test_a_usual_traceback_stays_as_python_writes_it(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, out = log
    try:
        int("x")
    except ValueError as error:
        logger.exception("it failed")
        usual = logging.Formatter().formatException((type(error), error, error.__traceback__))
    assert out.getvalue() == f"ERROR: it failed\n{usual}\n"


@given(st.text())
def test_any_message_is_one_line_that_can_be_written(text: str) -> None:
    record = logging.LogRecord("test", logging.INFO, __file__, 1, text, None, None)
    line = OneLine().format(record)
    assert len(line.splitlines()) <= 1 + sum(text.count(mark) for mark in "\x0b\x0c\x1c\x1d\x1e\x85")
    line.encode()


def test_handlers_of_celery_and_others_escape_too() -> None:
    out = io.StringIO()
    logger = logging.Logger("celery.task")  # noqa: LOG001  # of this test alone
    logger.addHandler(logging.StreamHandler(out))
    for signal in (after_setup_logger, after_setup_task_logger):
        signal.send(sender=Celery(set_as_current=False), logger=logger)
    escape_handlers(logger)
    logger.error("%s", FORGED)
    assert out.getvalue() == f"{ESCAPED}\n"


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error"])
def test_the_web_server_s_log_escapes_too(name: str) -> None:
    code = (
        "import logging; from uvicorn.config import Config\n"
        "config = Config('config.asgi:application'); config.load()\n"
        f"logging.getLogger({name!r}).error('%s', {FORGED!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.rstrip("\n").endswith(ESCAPED)


def test_secrets_in_a_message_and_its_traceback_are_masked() -> None:
    try:
        raise ConnectionError("redis://:hunter2@cache refused")
    except ConnectionError:
        record = logging.LogRecord(
            "x", logging.ERROR, "x", 1, "login with password=%s", ("hunter2",), sys.exc_info()
        )
    line = OneLine("%(message)s").format(record)
    assert "hunter2" not in line
    assert "password=***" in line
    assert "redis://:***@cache" in line
