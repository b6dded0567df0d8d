"""How far a replay may go at one look: the canary first, then the rest at its rate; when it has to stop."""

from datetime import datetime, timedelta

from apps.jobs.models.replay import Replay

AT_ONCE = 500  # jobs a look: one statement that holds no row for long
_BURST_S = 10.0  # of the rate may be caught up after the keeper was away
_LEAST_JUDGED = 10  # without a canary: a first job that dies again says little about a thousand


def allowance(replay: Replay, now: datetime, *, some_on_their_way: bool) -> int:
    """Return how many jobs may be put in line now."""
    if replay.sent < replay.canary:
        return min(replay.canary - replay.sent, AT_ONCE)
    if replay.canary and replay.sent == replay.canary and some_on_their_way:
        return 0  # the canary has not ended
    if replay.per_minute is None:
        return AT_ONCE
    return min(int(_saved_up(replay, now).total_seconds() * replay.per_minute / 60 + 1e-6), AT_ONCE)


def use(replay: Replay, now: datetime, sent: int) -> None:
    """Count what was put in line, against the rate too."""
    replay.sent += sent
    if replay.per_minute is not None and sent:
        used = timedelta(minutes=sent / replay.per_minute)
        replay.sent_at = now - max(timedelta(), _saved_up(replay, now) - used)


def too_many_died(replay: Replay) -> bool:
    """Say whether more than its share died again, of those that ended; a few are not judged by one."""
    least = min(replay.canary or _LEAST_JUDGED, replay.total)
    judged = max(replay.ended_well + replay.died_again, least)
    return replay.died_again * 100 > replay.stop_at_percent * judged


def verdict(replay: Replay) -> str:
    """Return in a sentence why it stopped by itself."""
    ended = replay.ended_well + replay.died_again
    return (
        f"{replay.died_again} of the {ended} that ended died again, more than {replay.stop_at_percent} %. "
        f"{replay.total - replay.sent} were left as they are."
    )


def _saved_up(replay: Replay, now: datetime) -> timedelta:
    """Return for how long nothing was sent: at first enough for one job, never more than a short burst."""
    one_job = timedelta(minutes=1 / (replay.per_minute or 1))
    if replay.sent_at is None:
        return one_job
    return min(now - replay.sent_at, max(one_job, timedelta(seconds=_BURST_S)))
