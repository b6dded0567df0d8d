"""One tenant floods the rest; a whole wave fails at once."""

from collections import Counter
from statistics import median

from apps.local.chaos.bounds import SPREAD, check_fairness
from apps.local.chaos.sender import Sender
from apps.local.chaos.sink import Line
from apps.local.chaos.trial import Trial

_FLOOD, _FLOOD_MS = 1000, 50  # more than four processes get done while they are enqueued
_AHEAD = 200  # of the flood are in line before the others come


def flood(trial: Trial) -> None:
    """Let one tenant enqueue a thousand while twenty others go on with one a second each (F47)."""
    trial.end_load()
    trial.drain()
    alone = _others_p99(trial)
    process = trial.rig.start("flooder")
    flooder = Sender(trial.rig, "flooder")
    flooder.begin([("chaos.plain", {"ms": _FLOOD_MS}, "flooder")], jobs=_FLOOD)
    trial.rig.until(lambda: len(_kept_by(trial, process.pid)) > _AHEAD, "the flood stands before the others")
    crowded = _others_p99(trial)
    flooder.finish()
    own = _own_wait(trial, process.pid)
    process.kill()
    trial.note(f"others wait {alone:.2f} s (p99) alone, {crowded:.2f} s beside a flood of {_FLOOD}")
    trial.note(f"the flood itself waits {own:.1f} s (p50)")
    check_fairness(crowded, own)


def failing_wave(trial: Trial) -> None:
    """Let 300 jobs fail at once, because the other side is down for six seconds (F48)."""
    trial.other_side_is_down(True)
    ids = set(trial.send_each("flaky", [{}] * 300))
    trial.hold(6)
    trial.other_side_is_down(False)
    trial.rig.until(lambda: ids <= {line.job for line in trial.rig.sink.lines("done")}, "the wave is over")
    again = _retries(trial.rig.sink.lines("begun"), ids)
    seconds = Counter(int(at) for at in again)
    mean = len(again) / max(1, max(seconds) - min(seconds) + 1)
    peak = max(seconds.values())
    trial.note(f"{len(again)} retries, peak {peak} in a second, mean {mean:.0f}")
    SPREAD.check(peak / mean)


def _others_p99(trial: Trial) -> float:
    before = {line.job for line in trial.rig.sink.lines("kept")}
    trial.sender.send(
        [("chaos.keyed", {"ms": 5}, f"tenant{number}") for number in range(20)], jobs=100, per_s=20
    )
    mine = {line.job: line.at for line in trial.rig.sink.lines("kept") if line.kind == "chaos.keyed"}
    mine = {job: at for job, at in mine.items() if job not in before}

    def begun() -> dict[str, float]:
        return {line.job: line.at for line in trial.rig.sink.lines("begun") if line.job in mine}

    trial.rig.until(lambda: len(begun()) == len(mine), "the others' jobs begin")
    waits = sorted(max(0.0, at - mine[job]) for job, at in begun().items())
    return waits[int(len(waits) * 0.99)]


def _own_wait(trial: Trial, flooder: int) -> float:
    """Wait until every job of the flood began; return how long half of them waited at least."""
    kept = _kept_by(trial, flooder)

    def begun() -> dict[str, float]:
        return {line.job: line.at for line in trial.rig.sink.lines("begun") if line.job in kept}

    trial.rig.until(lambda: len(begun()) == len(kept), "the flood's jobs begin")
    return median(at - kept[job] for job, at in begun().items())


def _kept_by(trial: Trial, pid: int) -> dict[str, float]:
    return {line.job: line.at for line in trial.rig.sink.lines("kept") if line.pid == pid}


def _retries(lines: list[Line], ids: set[str]) -> list[float]:
    seen: set[str] = set()
    again = []
    for line in lines:
        if line.job in ids:
            if line.job in seen:
                again.append(line.at)
            seen.add(line.job)
    return again
