"""Every write to a job's state, in the order of a job's life.  Read this first.

Each function walks arrows of ``states.MOVES`` in one statement and says whether it
did. A move names the state it starts from; a move of a running job also names its
lease, so a worker that lost it changes nothing.
"""

from apps.jobs.transitions.asked import Edited, cancel, cancel_each, cancel_many, release_now, replay
from apps.jobs.transitions.new_jobs import (
    IdTakenError,
    Message,
    NewJob,
    enqueue,
    enqueue_behind_its_batch,
    enqueue_in_line,
)
from apps.jobs.transitions.running import (
    Claim,
    Success,
    Trouble,
    bury,
    claim,
    close,
    finish,
    held,
    retry,
    snooze,
    stop,
    succeed,
)
from apps.jobs.transitions.set_aside import set_aside, set_aside_newer
from apps.jobs.transitions.taken_back import hand_back, rescue, rescue_child, spare, take_back_unheld
from apps.jobs.transitions.waiting import Fill, Rules, expire, relay, relay_in_parts, release, republish
from apps.jobs.transitions.written_off import write_off

__all__ = [
    "Claim",
    "Edited",
    "Fill",
    "IdTakenError",
    "Message",
    "NewJob",
    "Rules",
    "Success",
    "Trouble",
    "bury",
    "cancel",
    "cancel_each",
    "cancel_many",
    "claim",
    "close",
    "enqueue",
    "enqueue_behind_its_batch",
    "enqueue_in_line",
    "expire",
    "finish",
    "hand_back",
    "held",
    "relay",
    "relay_in_parts",
    "release",
    "release_now",
    "replay",
    "republish",
    "rescue",
    "rescue_child",
    "retry",
    "set_aside",
    "set_aside_newer",
    "snooze",
    "spare",
    "stop",
    "succeed",
    "take_back_unheld",
    "write_off",
]
