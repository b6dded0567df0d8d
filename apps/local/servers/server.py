"""What the two embedded servers have in common: directory, account, port, password, leash, log."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

from apps.local.servers.errors import PortTakenError, ServerError, StillEndingError
from apps.local.servers.explain import explain, tail
from apps.local.servers.layout import home_path, make_home
from apps.local.servers.leashed import Command, Leashed
from apps.local.servers.ports import asked_port, becomes_free, free_port
from apps.local.servers.private_files import locked, read_if_there, write_private
from apps.local.servers.privileges import server_account
from apps.local.servers.running import end, has_owner, is_gone_within

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from pathlib import Path

    import psutil

# The rest of a killed server holds its memory and its port until each process has noticed.
_RETRY_PATIENCE = 30.0


class Server(ABC):
    """A server of our own in `directory`. `start` and `stop` may be called again and again.

    `port` asks for that port and no other. Without it the port of the last start is taken again when
    it is free; once started, an object keeps its port, since clients hold its address. `settings` go
    into the server's configuration, `holds` are open files its leash holds too, `notice` receives
    sentences for people.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    immediate_signal: ClassVar[signal.Signals]
    start_patience: ClassVar[float]
    stop_patience: ClassVar[float]

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        settings: dict[str, str] | None = None,
        holds: tuple[int, ...] = (),
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.directory = directory.absolute()
        self.settings = dict(settings or {})
        self.account = server_account()
        self.home = home_path(self.directory, self.account)
        self.log = self.directory / f"{self.name.lower()}.log"
        self.version = ""
        self.adopted = False
        self.holds = holds
        self._asked_port = port
        self._port = port
        self._notice = notice
        self._leashed: Leashed | None = None

    def start(self) -> Self:
        """Bring the server up, or adopt the one that runs on this directory, and wait until it answers."""
        if self._leashed is not None and self.process() is not None:
            return self
        if self._leashed is not None:
            # Gone, or no longer to be recognised because somebody removed its files: then it has to go.
            self._leashed.end(self.stop_signal, self.immediate_signal, self.stop_patience)
        self._leashed, self.adopted = None, False
        try:
            self.home = make_home(self.directory, self.account)
            with locked(self.directory / "start.lock"):
                self._prepare()
                if not self._adopt():
                    self._launch_on_some_port()
        except OSError as error:
            raise explain(self.name, self.home, str(error)) from error
        return self

    def stop(self, immediate: bool = False, *, patience: float | None = None) -> None:
        """Stop the server in order, or without care with `immediate` or when `patience` is over.

        One that was adopted and has an owner of its own stays.
        """
        patience = self.stop_patience if patience is None else patience
        if self._leashed is not None:
            leashed, self._leashed = self._leashed, None
            leashed.end(self.stop_signal, self.immediate_signal, 0.0 if immediate else patience)
        process = self.process()
        if process is not None and not has_owner(process):
            number = self.immediate_signal if immediate else self.stop_signal
            end(process, number, patience)

    def kill(self) -> None:
        """Kill the server with SIGKILL, as a crash would, and wait until the process is gone."""
        process = self.process()
        if process is not None:
            process.kill()
            is_gone_within(process, 30.0)
        if self._leashed is not None:
            leashed, self._leashed = self._leashed, None
            leashed.wait(10.0)

    def remove(self) -> None:
        """Stop the server and delete its data, its home and its directory."""
        self.stop(immediate=True)
        for place in {self.home, self.directory}:
            if place.exists():
                shutil.rmtree(place)

    @property
    def port(self) -> int:
        """Return the port, known once the server was started."""
        if self._port is None:
            raise ServerError(f"{self.name} has no port yet.", "Start it first.")
        return self._port

    @property
    def pid(self) -> int | None:
        """Return the pid of the running server, or None."""
        process = self.process()
        return None if process is None else int(process.pid)

    @property
    def lifeline(self) -> tuple[int, ...]:
        """Return the file another command's leash may hold to keep the server until that command ended."""
        return () if self._leashed is None else (self._leashed.lifeline,)

    @property
    def password(self) -> str:
        """Return the generated password, made on first use and kept beside the data, mode 600."""
        return self._secret("password")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def process(self) -> psutil.Process | None:
        """Return the server's process if it runs on this directory."""

    @abstractmethod
    def _prepare(self) -> None:
        """Find the program and make the data ready to be started."""

    @abstractmethod
    def _running_port(self) -> int | None:
        """Return the port of the server that runs on this directory, if one does."""

    @abstractmethod
    def _command(self, port: int) -> Command:
        """Write the configuration and return the command that serves on `port`."""

    @abstractmethod
    def _answers(self, port: int) -> bool:
        """Tell whether the server on `port` is ours and takes orders."""

    def _secret(self, name: str) -> str:
        """Return a generated secret, kept in a private file of this name."""
        file = self.home / name
        known = read_if_there(file)
        if known is None:
            known = secrets.token_urlsafe(24)
            write_private(file, known)
        return known

    def _make_own_directory(self, name: str) -> None:
        path = self.home / name
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            return
        if self.account.other:
            os.chown(path, *self.account.owner, follow_symlinks=False)

    def _write_own(self, name: str, text: str) -> None:
        write_private(self.home / name, text, owner=self.account.owner if self.account.other else None)

    @property
    def _pid_file(self) -> Path | None:
        """Return the file into which the leash writes the pid, for a server that writes none itself."""
        return None

    def _leashed_command(
        self, *arguments: str | os.PathLike[str], environment: dict[str, str] | None = None
    ) -> Command:
        """Return the command of a server in the foreground; the log of the last start is put aside."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        return Command(
            arguments=arguments,
            log=self.log,
            cwd=self.home,
            stop=self.stop_signal,
            grace=self.stop_patience,
            account=self.account,
            environment=environment,
            pid_file=self._pid_file,
            holds=self.holds,
        )

    def _adopt(self) -> bool:
        port = self._running_port()
        if port is None:
            return False
        if self._asked_port not in (None, port):
            raise ServerError(
                f"{self.name} already runs on {self.home}, on port {port} instead of {self._asked_port}.",
                "Stop it first, or do not name a port.",
            )
        if not self._await(lambda: self._answers(port), lambda: self.process() is None):
            return False  # it was on its way out
        self._remember(port)
        self.adopted = True
        self._notice(f"{self.name} was already running from {self.home} on port {port}; taken over")
        return True

    def _launch_on_some_port(self) -> None:
        patience = time.monotonic() + _RETRY_PATIENCE
        while True:
            port = self._choose_port()
            try:
                self._launch(port)
                break
            except PortTakenError:
                if self._asked_port is not None or time.monotonic() > patience:
                    raise
                self._port = free_port()
            except StillEndingError:
                if time.monotonic() > patience:
                    raise
                time.sleep(0.2)
        self._remember(port)

    def _choose_port(self) -> int:
        if self._asked_port is not None:
            return asked_port(self._asked_port, self.name)
        known = self._port or int(read_if_there(self.directory / "port") or 0)
        if not known or becomes_free(known):
            return known or free_port()
        other = free_port()
        self._notice(f"port {known} is busy; {self.name} uses {other} instead")
        return other

    def _launch(self, port: int) -> None:
        command = self._command(port)
        leashed = Leashed(command)
        try:
            if not self._await(lambda: self._answers(port), lambda: leashed.exit_code is not None):
                raise explain(self.name, self.home, tail(self.log))
        except BaseException:
            leashed.end(self.stop_signal, self.immediate_signal, 0.0)
            raise
        self._leashed = leashed

    def _await(self, ready: Callable[[], bool], dead: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + self.start_patience
        while not ready():
            if dead():
                return False
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self.name} did not answer within {self.start_patience:.0f} s.", f"See {self.log}."
                )
            time.sleep(0.02)
        return True

    def _remember(self, port: int) -> None:
        self._port = self._asked_port = port
        write_private(self.directory / "port", str(port))
