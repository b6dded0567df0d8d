"""Events: facts that are written down once, each of which starts a job of every kind that listens to it.

This is the door: what features and job types may use stands here. It must stay importable before Django's
models are loaded, since job types are.
"""

from apps.events.emitting import emit, emit_many
from apps.events.event import Event

__all__ = ["Event", "emit", "emit_many"]
