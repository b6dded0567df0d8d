"""Keepers die, lose their session, or are too many."""

from functools import partial

import psutil

from apps.local.chaos.bounds import TAKEOVER
from apps.local.chaos.rig import KEEPERS, NotInTime
from apps.local.chaos.trial import Trial

# A lease of which nothing was heard for so long is over.
_LEADS = "SELECT keeper FROM jobs_lead WHERE renewed_at > clock_timestamp() - interval '5 s'"

_END = (
    "SELECT clock_timestamp() FROM "
    "(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY (%s)) AS ended"
)


def killed(trial: Trial) -> None:
    """Kill the leader, then all keepers (F07)."""
    trial.rig.until(lambda: _leading(trial) is not None, "a keeper leads")
    lost, leader = _leading(trial), _leader(trial)
    trial.rig.processes[leader].kill()
    took = _led_again(trial, lost)
    trial.restart(leader)
    for name in KEEPERS:
        trial.rig.processes[name].kill()
    trial.hold(3)
    for name in KEEPERS:
        trial.restart(name)
    again = trial.rig.until(lambda: _leading(trial) is not None, "a new keeper leads")
    trial.note(f"takeover {took:.1f} s; after all were killed a new one led {again:.1f} s after its start")
    TAKEOVER.check(max(took, again))


def lost_session(trial: Trial) -> None:
    """End every session of the leading keeper, five times (F11)."""
    took = []
    for _ in range(5):
        trial.rig.until(lambda: _leading(trial) is not None, "a keeper leads")
        ports = [end.laddr.port for end in psutil.Process(_pid(trial)).net_connections()]
        ended_at = trial.rig.ask(_END, ports)
        took.append(trial.rig.until(partial(_renewed, trial, max(ended_at)), "a keeper leads again"))
        trial.progress(5)
    trial.note(f"led again after {max(took):.1f} s at most")
    TAKEOVER.check(max(took))


def rogues(trial: Trial) -> None:
    """Let two processes do the keeper's duties beside it, without asking for the lead (F33)."""
    rogues = [trial.rig.start(name) for name in ("rogue_keeper", "rogue_keeper")]
    trial.progress(200, "jobs beside the rogues")
    for rogue in rogues:
        rogue.kill()
    trial.note(f"2 rogues beside {len(KEEPERS)} keepers")


def _led_again(trial: Trial, lost: str | None) -> float:
    """Wait until another keeper leads; return how long that took."""
    return trial.rig.until(lambda: _leading(trial) not in (None, lost), "a keeper leads again")


def _renewed(trial: Trial, since: tuple[object, ...]) -> bool:
    return bool(trial.rig.ask("SELECT 1 FROM jobs_lead WHERE renewed_at > %s", *since))


def _leader(trial: Trial) -> str:
    """Return which keeper of the rig leads."""
    pid = _pid(trial)
    for name in KEEPERS:
        if trial.rig.processes[name].pid == pid:
            return name
    raise NotInTime("the lead is held by no keeper of this rig")


def _pid(trial: Trial) -> int:
    return int((_leading(trial) or ":0").rpartition(":")[2])


def _leading(trial: Trial) -> str | None:
    rows = trial.rig.ask(_LEADS)
    return str(rows[0][0]) if rows else None
