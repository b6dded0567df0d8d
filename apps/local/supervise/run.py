"""One run of `manage.py up`, in the order of its life: come up, watch, go down."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from apps.local.servers.errors import ServerError
from apps.local.servers.layout import Layout, make_private
from apps.local.servers.ports import LOOPBACK
from apps.local.servers.privileges import give, process_account
from apps.local.supervise.alone import introduce, take_the_lock
from apps.local.supervise.await_ready import await_ready
from apps.local.supervise.child import Child, Surroundings
from apps.local.supervise.demo import SAMPLE, demo_is_due, import_demo
from apps.local.supervise.embedded import Servers
from apps.local.supervise.go_down import stop_at_once, stop_in_order
from apps.local.supervise.logs import Follower
from apps.local.supervise.once import run_once
from apps.local.supervise.prepared import Prepared
from apps.local.supervise.reload import Reload
from apps.local.supervise.summary import rows
from apps.local.supervise.web_ports import plan_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.local.servers.privileges import Account
    from apps.local.supervise.options import Options
    from apps.local.supervise.processes import Plan, Table
    from apps.local.supervise.screen import Screen

_TICK = 0.1


class Run:
    """Holds what was started; `go_down` stops exactly that, however far `come_up` got."""

    def __init__(self, options: Options, screen: Screen, table: Table) -> None:
        self.well = True
        self._options = options
        self._screen = screen
        self._table = table
        self._layout = Layout(options.project)
        self._lock: int | None = None
        self._ports = ExitStack()
        self._servers: Servers | None = None
        self._children: list[Child] = []
        self._reload: Reload | None = None

    def come_up(self) -> None:
        """Bring everything up and draw the box."""
        started = time.monotonic()
        self._lock = take_the_lock(self._layout, self._screen.note)
        account = process_account(self._options.project)
        plan = plan_ports(self._options, self._screen, self._ports)
        address = f"http://{LOOPBACK}:{plan.web_port}/"
        introduce(self._layout, address)
        make_private(self._layout.logs)
        self._servers = Servers(self._layout, self._screen, (self._lock,))
        self._servers.start()
        surroundings = self._surroundings(plan, self._servers, account)
        give(self._layout.state, account)
        prepared = self._prepare(surroundings)
        self._start_children(plan, surroundings)
        self._import_demo(prepared, surroundings)
        how = "everything is up" if self.well else "up, but not everything is well"
        self._screen.done(how, time.monotonic() - started)
        self._screen.box(rows(self._layout, plan, prepared), "Ctrl-C stops everything")

    def watch(self) -> None:
        """Show the logs and start again what dies, until the time is over or somebody interrupts."""
        followers = [Follower(child.log) for child in self._children]
        for follower in followers:
            follower.skip()
        seconds = self._options.seconds
        deadline = None if seconds is None else time.monotonic() + seconds
        while deadline is None or time.monotonic() < deadline:
            self._look()
            for child, follower in zip(self._children, followers, strict=True):
                for line in follower.lines():
                    self._screen.log_line(child.name, line)
            time.sleep(_TICK)

    def go_down(self) -> None:
        """Stop everything in order; interrupted once more, stop it at once."""
        if self._lock is None:
            return
        try:
            stop_in_order(self._children, self._servers, self._screen)
        except KeyboardInterrupt:
            stop_at_once(self._children, self._servers, self._screen)
        self._layout.supervisor.unlink(missing_ok=True)
        self._ports.close()
        os.close(self._lock)

    def _surroundings(self, plan: Plan, servers: Servers, account: Account) -> Surroundings:
        environment = {
            **os.environ,
            **servers.environment,
            "PYTHONUNBUFFERED": "1",
            "SKIP_CHECKS": "yes",  # Celery's: `prepare` ran them once for all
            "BACKLINE_WEB_URL": f"http://{LOOPBACK}:{plan.web_port}/",
            "BACKLINE_FLOWER_URL": f"http://{LOOPBACK}:{plan.flower_port}/",
        }
        if account.other:
            environment["HOME"] = str(self._layout.state)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # seven processes read the same files at each start
        lock = () if self._lock is None else (self._lock,)

        def holds() -> Sequence[int]:
            return (*lock, *servers.lifelines())

        return Surroundings(self._options.project, self._layout.logs, environment, holds, account)

    def _prepare(self, surroundings: Surroundings) -> Prepared:
        with self._screen.timed() as words:
            outcome = run_once("prepare", (sys.executable, "manage.py", "prepare"), surroundings)
            if outcome.code != 0:
                self._screen.excerpt("prepare", outcome.output)
                raise ServerError(
                    "The database could not be prepared.", "Its log: .backline/logs/prepare.log"
                )
            prepared = Prepared.from_output(outcome.output)
            words.append(f"migrations done ({prepared.applied or 'none'} pending)")
        return prepared

    def _start_children(self, plan: Plan, surroundings: Surroundings) -> None:
        self._children = [Child(process, surroundings) for process in self._table(plan)]
        for child in self._children:
            child.start()
        self._reload = Reload(self._children, surroundings, self._screen)
        self.well = await_ready(self._children, self._screen) and self.well

    def _import_demo(self, prepared: Prepared, surroundings: Surroundings) -> None:
        if not self._options.demo or not demo_is_due(self._layout, prepared.database):
            return
        with self._screen.timed() as words:
            outcome = import_demo(self._layout, prepared, surroundings)
            words.append(f"sample {SAMPLE.name} imported" if outcome.code == 0 else "sample import ended")
        if outcome.code != 0:
            self.well = False
            self._screen.failed(
                f"the sample import ended with code {outcome.code}", "Its log: .backline/logs/demo.log"
            )
            self._screen.excerpt("demo", outcome.output)

    def _look(self) -> None:
        if self._servers is not None and self._servers.look():
            self.well = False
        if self._reload is not None:
            self._reload.look()
        for child in self._children:
            sentence = child.look()
            if sentence is not None:
                self.well = False
                self._screen.failed(sentence, f"Its log: {child.log}")
