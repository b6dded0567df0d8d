"""System checks of the ledger's settings: `manage.py check` answers whether a setup is right."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.jobs import registry
from apps.jobs.enqueuing import quotas


@register()
def check_heartbeat(**_: object) -> list[CheckMessage]:
    """Refuse a patience that would take a busy worker for dead."""
    if settings.BACKLINE_DEAD_AFTER_S >= 2 * settings.BACKLINE_HEARTBEAT_S:
        return []
    return [
        Error(
            f"BACKLINE_DEAD_AFTER_S is {settings.BACKLINE_DEAD_AFTER_S}, less than two heartbeats.",
            hint=f"Set it to at least {2 * settings.BACKLINE_HEARTBEAT_S}.",
            id="jobs.E001",
        )
    ]


@register()
def check_arguments(**_: object) -> list[CheckMessage]:
    """Refuse job types with an argument that JSON cannot hold, before a caller meets it."""
    return [
        Error(
            f"Job type {fault}",
            hint="Give its arguments types that pydantic reads and writes: plain values, dates, ids.",
            id="jobs.E003",
        )
        for _, task in sorted(registry.kinds().items())
        if (fault := task.validator.fault()) is not None
    ]


@register()
def check_quotas(**_: object) -> list[CheckMessage]:
    """Refuse quotas that cannot be read, before a tenant's first job does."""
    try:
        for tenant in ["", *quotas.quotas()]:
            quotas.rate_of(tenant)
    except ValueError as fault:
        hint = "Write BACKLINE_TENANT_QUOTA=1000/hour and BACKLINE_TENANT_QUOTAS=acme=10000/hour,beta=none."
        return [Error(f"A tenant's quota cannot be read: {fault}", hint=hint, id="jobs.E004")]
    return []


@register()
def check_time_limits(**_: object) -> list[CheckMessage]:
    """Refuse limits of Celery's for all tasks: its pool heeds them for a whole message of many jobs."""
    return [
        Error(
            f"CELERY_{name} limits a message, and all the jobs that it carries, not one of them.",
            hint="Remove it, and give job types a timeout: @job(..., timeout=timedelta(minutes=2)).",
            id="jobs.E005",
        )
        for name in ("TASK_TIME_LIMIT", "TASK_SOFT_TIME_LIMIT")
        if getattr(settings, f"CELERY_{name}", None)
    ]


@register()
def check_queues(**_: object) -> list[CheckMessage]:
    """Refuse job types on a queue that no worker listens to by default."""
    known = set(settings.CELERY_TASK_QUEUES)
    return [
        Error(
            f"Job type {kind} uses queue {task.job_queue!r}, which is not in BACKLINE_QUEUES.",
            hint=f"Add it to BACKLINE_QUEUES, or use one of: {', '.join(sorted(known))}.",
            id="jobs.E002",
        )
        for kind, task in sorted(registry.kinds().items())
        if task.job_queue not in known
    ]
