"""`manage.py up`: run Backline on this machine until Ctrl-C, a signal or the end of `--for`."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from apps.local.servers.errors import ServerError
from apps.local.servers.explain import explain
from apps.local.servers.layout import Layout
from apps.local.supervise.processes import Table, processes
from apps.local.supervise.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from apps.local.supervise.options import Options
    from apps.local.supervise.screen import Screen


def up(options: Options, screen: Screen, table: Table = processes) -> int:
    """Run Backline and return the exit code: 0 when all was well, or when a person stopped it."""
    run = Run(options, screen, table)
    with _sigterm_like_ctrl_c():
        try:
            run.come_up()
            run.watch()
        except KeyboardInterrupt:
            return 0
        except ServerError as error:
            screen.failed(error.what, error.mend)
            return 1
        except OSError as error:
            meaning = explain("manage.py up", Layout(options.project).state, str(error))
            screen.failed(meaning.what, meaning.mend)
            return 1
        finally:
            run.go_down()
    return 0 if run.well else 1


@contextmanager
def _sigterm_like_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
