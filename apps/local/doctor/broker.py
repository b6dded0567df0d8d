"""Checks of the broker: does it answer, and does it keep what it is given."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import redis
from kombu import Connection

from apps.lib import redact
from apps.local.servers.addresses import broker_url
from apps.maintenance.health.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_S = 3


def reachable(project: Path) -> Finding:
    """Check that the broker answers, and how fast."""
    address = broker_url(project)
    started = time.monotonic()
    with Connection(address, connect_timeout=_PATIENCE_S) as connection:
        connection.ensure_connection(max_retries=1, timeout=_PATIENCE_S)
    seconds = time.monotonic() - started
    found = f"{redact.scrubbed(address)} answers in {seconds * 1000:.0f} ms"
    return well("broker", found)


def settled(project: Path) -> Finding:
    """Check that Redis or Valkey never evicts a message and remembers them through a restart."""
    address = broker_url(project)
    if not address.startswith(("redis://", "rediss://", "unix://")):
        return well("broker settings", "nothing to check for this kind of broker")
    client = redis.Redis.from_url(address, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S)
    try:
        shown = client.config_get("maxmemory-policy", "appendonly", "save")
    except redis.ResponseError:
        return note("broker settings", "this broker does not show its settings")
    finally:
        client.close()
    if shown.get("maxmemory-policy") != "noeviction":
        policy = shown.get("maxmemory-policy")
        return wrong("broker settings", f"maxmemory-policy is {policy}", "Set it to noeviction.")
    if shown.get("appendonly") != "yes" and not shown.get("save"):
        mend = "Set appendonly yes; until then a restart costs seconds, not jobs."
        return note("broker settings", "messages do not outlive its restart", mend)
    return well("broker settings", "noeviction, messages outlive a restart")
