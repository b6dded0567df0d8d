"""Celery's ``task_routes`` for job types: read once for each kind, when Celery binds it.

A route is a property of the kind here: the relay, the checks and the pages read the queue from the job type.
"""

from collections.abc import Mapping
from typing import Any

from celery import Celery, Task
from celery.app.routes import Router, prepare

_HEEDED = {"queue", "priority"}


def route_of(app: Celery, kind: str, task: "type[Task[..., Any]]") -> dict[str, object]:
    """Return the queue and the priority that CELERY_TASK_ROUTES gives a kind, if any.

    Raise ValueError for routes that a stored job cannot follow.
    """
    configured = app.conf.task_routes
    if not configured:
        return {}
    route = _looked_up(app, configured, kind, task)
    refused = sorted(set(route) - _HEEDED)
    if refused:
        raise ValueError(
            f"CELERY_TASK_ROUTES gives {kind} {', '.join(refused)}, which a stored job cannot keep. "
            "Name only its queue, and its priority if wanted."
        )
    if "queue" in route:
        route["queue"] = name_of(route["queue"])
    return route


def name_of(queue: object) -> object:
    """Return the name of a queue that may be given as kombu's Queue."""
    return getattr(queue, "name", queue)


def _looked_up(app: Celery, configured: Any, kind: str, task: "type[Task[..., Any]]") -> dict[str, object]:
    router = Router(prepare(configured), app=app)
    try:
        found = router.lookup_route(kind, (), {}, {}, task)
    except Exception as error:  # a router is a function of the project
        raise ValueError(
            f"CELERY_TASK_ROUTES cannot route {kind}: {type(error).__name__}: {error}. A router is asked "
            "once for each job type, without arguments; to choose by argument, pass queue= in the call."
        ) from error
    if isinstance(found, Mapping):
        return {str(name): value for name, value in found.items() if value is not None}
    return {"queue": found} if found else {}
