"""What came of one fault: the fields of its line."""

from dataclasses import asdict, dataclass, field


@dataclass
class Verdict:
    """One line, for people and for programs."""

    fault: str
    seed: int
    jobs: int = 0  # acknowledged enqueues
    lost: int = 0  # of them: without an end or without their effect
    doubled: int = 0  # executions of plain jobs beyond the first
    doubled_effects: int = 0  # effects of atomic and keyed jobs beyond the first
    stale_refused: int = 0  # writes of workers that had lost their lease
    rescue_p50_s: float | None = None
    rescue_p99_s: float | None = None
    rescue_max_s: float | None = None
    recovery: float | None = None  # throughput after / before
    cost: float | None = None  # processor time a job, after / before
    title: str = ""
    system: str = "backline"
    dead: int = 0  # ended as dead letters
    broken: list[str] = field(default_factory=list)  # invariants, each with what was seen
    note: str = ""
    took_s: float = 0.0
    ran: bool = True

    @property
    def is_sound(self) -> bool:
        """Say whether every invariant held."""
        return not (self.lost or self.doubled_effects or self.broken)

    def as_dict(self) -> dict[str, object]:
        """Return the line as data."""
        return asdict(self)
