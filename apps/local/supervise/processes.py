"""The processes of `manage.py up`, as data: what each runs, how one sees that it is ready, how it stops.

Servers are not here: they have a lifecycle of their own (`apps.local.servers`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from apps.local.servers.ports import LOOPBACK
from apps.local.supervise.readiness import Answers, Probe, Says

if TYPE_CHECKING:
    from collections.abc import Mapping

_PYTHON = sys.executable
_CELERY = (_PYTHON, "-m", "celery", "-A", "config")


@dataclass(frozen=True)
class Process:
    """One kind of process: its command, what it adds to the environment, its readiness, its grace."""

    name: str
    command: Sequence[str]
    ready: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    grace: float = 10.0


@dataclass(frozen=True)
class Plan:
    """What `manage.py up` was asked to run."""

    web_port: int
    flower_port: int
    workers: int = 2
    concurrency: int = 2


# What a run starts; the tests put lighter processes in the place of these.
Table = Callable[[Plan], Sequence[Process]]


def processes(plan: Plan) -> list[Process]:
    """Return every process of the plan, in the order in which the checklist shows them."""
    return [_web(plan), *_workers(plan), _keeper(), _beat(), _flower(plan)]


def _web(plan: Plan) -> Process:
    serve = (
        "-m",
        "apps.web.timed_uvicorn",
        "config.asgi:application",
        "--host",
        LOOPBACK,
        "--port",
        str(plan.web_port),
    )
    # A page that listens for events would hold the server open for ever.
    quietly = ("--no-access-log", "--timeout-graceful-shutdown", "3")
    return Process("web", (_PYTHON, *serve, *quietly, *_proxies()), Answers(plan.web_port, "/"))


def _proxies() -> tuple[str, ...]:
    """Believe X-Forwarded-For only from declared proxies: uvicorn believes every program on this machine."""
    trusted = os.environ.get("BACKLINE_TRUSTED_PROXIES", "")
    return ("--proxy-headers", "--forwarded-allow-ips", trusted) if trusted else ("--no-proxy-headers",)


def _workers(plan: Plan) -> list[Process]:
    return [_worker(f"worker{number}", plan.concurrency) for number in range(1, plan.workers + 1)]


def _worker(name: str, concurrency: int) -> Process:
    which = ("-n", f"{name}@%h", "--concurrency", str(concurrency), "--loglevel", "INFO")
    # Workers meet in the ledger: greeting one another through the broker would cost a second of the start.
    alone = ("--without-mingle", "--without-gossip")
    return Process(
        name,
        (*_CELERY, "worker", *which, *alone),
        Says(rf"{name}@\S+ ready\."),
        grace=18.0,
    )


def _keeper() -> Process:
    return Process("keeper", (_PYTHON, "manage.py", "keeper", "--skip-checks"), Says(r"keeper \S+ ready"))


def _beat() -> Process:
    return Process("beat", (*_CELERY, "beat", "--loglevel", "INFO"), Says(r"beat: Starting"))


def _flower(plan: Plan) -> Process:
    where = (f"--address={LOOPBACK}", f"--port={plan.flower_port}")
    return Process("flower", (*_CELERY, "flower", *where), Answers(plan.flower_port, "/healthcheck"))
