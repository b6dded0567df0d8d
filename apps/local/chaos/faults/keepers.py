"""Keepers die, lose their session, or are too many."""

import psutil

from apps.local.chaos.bounds import TAKEOVER
from apps.local.chaos.rig import KEEPERS, NotInTime
from apps.local.chaos.trial import Trial

_LEADS = (
    "SELECT a.pid, a.client_port FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.objid = 1801807216 AND l.granted"
)


def killed(trial: Trial) -> None:
    """Kill the leader, then all keepers (F07)."""
    trial.rig.until(lambda: _leading_session(trial) != 0, "a keeper leads")
    lost, leader = _leading_session(trial), _leader(trial)
    trial.rig.processes[leader].kill()
    took = _led_again(trial, lost)
    trial.restart(leader)
    for name in KEEPERS:
        trial.rig.processes[name].kill()
    trial.hold(3)
    for name in KEEPERS:
        trial.restart(name)
    again = trial.rig.until(lambda: _leading_session(trial) != 0, "a new keeper leads")
    trial.note(f"takeover {took:.1f} s; after all were killed a new one led {again:.1f} s after its start")
    TAKEOVER.check(max(took, again))


def lost_session(trial: Trial) -> None:
    """End the session that holds the lead, five times (F11)."""
    took = []
    for _ in range(5):
        lost = _leading_session(trial)
        trial.rig.ask("SELECT pg_terminate_backend(%s)", lost)
        took.append(_led_again(trial, lost))
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


def _led_again(trial: Trial, lost: int) -> float:
    """Wait until another session leads; return how long that took."""
    return trial.rig.until(lambda: _leading_session(trial) not in (0, lost), "a keeper leads again")


def _leader(trial: Trial) -> str:
    """Return which keeper holds the leading session: the one at whose end its port is."""
    [(_, port)] = trial.rig.ask(_LEADS)
    for name in KEEPERS:
        ends = psutil.Process(trial.rig.processes[name].pid).net_connections()
        if any(end.laddr.port == port for end in ends):
            return name
    raise NotInTime("the lead is held by no keeper of this rig")


def _leading_session(trial: Trial) -> int:
    rows = trial.rig.ask(_LEADS)
    return int(rows[0][0]) if rows else 0
