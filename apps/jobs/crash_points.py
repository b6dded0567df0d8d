"""Crash points: named places at which the chaos harness may kill this process.

BACKLINE_CRASH_POINTS names a directory. A point kills its process when a file of its name lies there, and
only once, since it removes the file first. Without the variable a point is a call of an empty function.
"""

import os
import signal
from pathlib import Path

_DIRECTORY = os.environ.get("BACKLINE_CRASH_POINTS", "")

# In the order of a job's life; the harness walks through all of them.
POINTS = (
    "enqueue.written",  # in the caller's transaction, before its commit
    "enqueue.committed",  # before its message is handed to the publisher
    "publish.before",
    "publish.after",
    "relay.moved",  # committed, before the messages are sent
    "relay.sent",
    "claim.before",
    "claim.after",
    "effect.begun",  # that it begins is committed, nothing is done
    "effect.done",  # on the other side; its receipt is not written down
    "run.after",  # the body returned, nothing is written down
    "finish.inside",  # an atomic job's completion is written, not committed
    "finish.before",
    "finish.after",
    "settle.finished",  # a job of a chain is finished, not committed, and its next step is not enqueued
    "settle.buried",  # a job is dead, not committed, and who waits for it has not heard
    "retry.before",
    "retry.after",
    "bury.before",
    "bury.after",
    "handback.before",  # a worker that stops ended its children, and what they ran is still theirs
    "handback.after",  # all was given back, and it has not signed off
    "rescue.before",
    "rescue.after",
    "replay.written",  # dead jobs are in line again, not committed
    "replay.committed",
)

if _DIRECTORY:

    def reached(point: str) -> None:
        """Kill this process if the harness armed the point."""
        try:
            Path(_DIRECTORY, point).unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

else:

    def reached(point: str) -> None:
        """Do nothing: no harness listens."""
