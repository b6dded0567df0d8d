"""Tell a producer what to enqueue, and hear how long that took."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apps.local.chaos.rig import Rig

if TYPE_CHECKING:
    from apps.local.chaos.process import Process

One = tuple[str, dict[str, object], str]  # kind, arguments, tenant


class Sender:
    """The harness's end of one producing process."""

    def __init__(self, rig: Rig, name: str = "producer") -> None:
        self._rig = rig
        self._name = name
        self._told: Process | None = None
        self._lasts = False

    @property
    def is_busy(self) -> bool:
        """Say whether a producer owes an answer."""
        return self._told is not None

    def send(self, mix: Sequence[One], *, jobs: int, per_s: float = 0.0) -> dict[str, float]:
        """Enqueue so many jobs, the kinds in turn; return what the producer measured."""
        self.begin(mix, jobs=jobs, per_s=per_s)
        return self.finish()

    def begin(self, mix: Sequence[One], *, jobs: int, per_s: float = 0.0, lasts: bool = False) -> None:
        """Begin to enqueue; what lasts goes on past its jobs until ``finish``."""
        if lasts:
            self._rig.sink.ask_for(more=True)
        self._lasts = lasts
        asked = {"mix": list(mix), "count": jobs, "per_s": per_s, "lasts": lasts}
        self._told = self._rig.processes[self._name]
        self._told.tell(json.dumps(asked))

    def finish(self) -> dict[str, float]:
        """Wait until everything is enqueued; return what the producer measured, nothing if it died."""
        told, self._told = self._told, None
        if told is None:
            return {}
        if self._lasts:
            self._rig.sink.ask_for(more=False)
        answer = told.hear()
        return json.loads(answer) if answer else {}
