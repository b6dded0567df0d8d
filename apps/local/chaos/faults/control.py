"""The control: what the harness tells of a system to which nothing happens."""

from apps.local.chaos.trial import Trial

_AS_LONG_AS_A_FAULT_S = 8.0


def nothing(trial: Trial) -> None:
    """Let the load go on for as long as a fault takes (F00)."""
    trial.hold(_AS_LONG_AS_A_FAULT_S)
