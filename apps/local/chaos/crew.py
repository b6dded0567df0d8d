"""The beats of a trial: started for it, killed in it, gone after it."""

from types import TracebackType
from typing import Self

from apps.local.chaos.trial import Trial

_SIGNED_ON = "SELECT count(*) FROM schedules_beat WHERE name LIKE %s AND stopped_at IS NULL"


class Crew:
    """`celery beat` processes beside one another."""

    def __init__(self, trial: Trial, beats: int) -> None:
        self._trial = trial
        self.names: list[str] = []
        self._wanted = beats

    def __enter__(self) -> Self:
        """Start them and wait until each has signed on."""
        self.add(self._wanted)
        self.await_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill them all."""
        self.kill(*self.names)

    def add(self, beats: int) -> None:
        """Start so many more."""
        for _ in range(beats):
            name = f"beat{len(self.names)}"
            self._trial.rig.start(name)
            self.names.append(name)

    def kill(self, *names: str) -> None:
        """Kill some of them."""
        for name in names:
            self._trial.rig.processes[name].kill()

    def restart(self, *names: str) -> None:
        """Start those that were killed, as a supervisor would."""
        for name in names:
            self._trial.rig.start(name)

    def strike(self) -> None:
        """Kill one of them, whichever, as soon as another is there, and start it again."""
        name = self._trial.random.choice(self.names)
        others = [other for other in self.names if other != name]
        self._trial.rig.until(lambda: any(map(self._has_signed_on, others)), "another beat is there")
        self.kill(name)
        self.restart(name)

    def await_all(self) -> None:
        """Wait until every one of them has signed on."""
        self._trial.rig.until(
            lambda: all(self._has_signed_on(name) for name in self.names), "every beat is there"
        )

    def _has_signed_on(self, name: str) -> bool:
        pid = self._trial.rig.processes[name].pid
        return bool(self._trial.rig.value(_SIGNED_ON, f"%:{pid}"))
