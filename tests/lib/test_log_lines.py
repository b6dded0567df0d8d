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
from celery.utils.log import ColorFormatter
from django.conf import settings
from django.core.management.color import color_style
from django.utils.log import ServerFormatter
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.logging import AccessFormatter, DefaultFormatter

from apps.lib.log_lines import Escaping, OneLine, escape_handlers, for_terminal

FORGED = "x\n2026-11-30 20:00:00,000 CRITICAL root: FORGED \x1b[31m\r\x9b2J\u2028\u202eend"
ESCAPED = r"x\n2026-11-30 20:00:00,000 CRITICAL root: FORGED \x1b[31m\r\x9b2J\u2028\u202eend"
_ACCESS = '%(client_addr)s - "%(request_line)s" %(status_code)s'


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


class TestFormattersThatReadTheArguments:
    def test_the_access_log_of_uvicorn_is_whole(self) -> None:
        line = _written(AccessFormatter(_ACCESS, use_colors=False), ("1.2.3.4:5", "GET", FORGED, "1.1", 404))
        assert line == f'1.2.3.4:5 - "GET {ESCAPED} HTTP/1.1" 404 Not Found'

    def test_secrets_in_an_address_are_masked(self) -> None:
        path = "/?password=hunter2"
        line = _written(AccessFormatter(_ACCESS, use_colors=False), ("1.2.3.4:5", "GET", path, "1.1", 200))
        assert "hunter2" not in line

    def test_colours_of_uvicorn_stay(self) -> None:
        formatter = DefaultFormatter("%(message)s", use_colors=True)
        assert (
            _written(formatter, (FORGED,), "%s", color_message="\x1b[1m%s\x1b[0m")
            == f"\x1b[1m{ESCAPED}\x1b[0m"
        )

    def test_the_log_of_runserver_is_coloured_and_escaped(self) -> None:
        formatter = ServerFormatter("[{server_time}] {message}", style="{")
        formatter.style = color_style(force_color=True)
        line = _written(formatter, (FORGED, "404", "12"), "%s %s %s", status_code=404, request=object())
        assert line.endswith(f"\x1b[33m{ESCAPED} 404 12\x1b[0m")

    def test_the_access_log_of_gunicorn_is_whole(self) -> None:
        args = ({"h": "1.2.3.4", "r": f"GET {FORGED}", "s": "404"},)
        assert _written(logging.Formatter(), args, "%(h)s %(r)s %(s)s") == f"1.2.3.4 GET {ESCAPED} 404"

    def test_the_logs_of_celery_are_whole(self) -> None:
        args = ({"name": "a.b", "id": FORGED, "runtime": 0.5},)
        line = _written(
            ColorFormatter("%(message)s", use_color=False), args, "%(name)s[%(id)s] in %(runtime)ss"
        )
        assert line == f"a.b[{ESCAPED}] in 0.5s"

    def test_other_fields_of_a_record_are_escaped(self) -> None:
        formatter = logging.Formatter("%(message)s %(path)s %(error)s %(size)d")
        error = ValueError(FORGED)
        assert _written(formatter, (), "x", path=FORGED, error=error, size=3) == f"x {ESCAPED} {ESCAPED} 3"

    def test_an_object_whose_text_fails_does_not_matter_where_nobody_reads_it(self) -> None:
        class Hostile:
            def __str__(self) -> str:
                raise RuntimeError("no text")

            __repr__ = object.__repr__

        assert "Hostile object" in _written(logging.Formatter(), (Hostile(),), "%r")


def test_runserver_writes_where_lines_are_escaped() -> None:
    code = (
        "import django, logging; django.setup()\n"
        f"logging.getLogger('django.server').info('%s', {FORGED!r}, extra={{'status_code': 404}})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True
    )
    assert done.stderr.rstrip("\n").endswith(f"django.server: {ESCAPED}"), done.stderr


def _written(
    inner: logging.Formatter, args: tuple[object, ...], message: str = "%s %s %s %s %s", **added: object
) -> str:
    record = logging.LogRecord("test", logging.INFO, __file__, 1, message, args, None)
    vars(record).update(added)
    return Escaping(inner).format(record)


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
