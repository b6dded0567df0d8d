"""System checks of the ledger's settings: `manage.py check` answers whether a setup is right."""

from difflib import get_close_matches

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from apps.jobs import celery_settings, discovery, registry
from apps.jobs.enqueuing import quotas

_PREFIX = "CELERY_"


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
def check_broker_patience(**_: object) -> list[CheckMessage]:
    """Refuse a patience shorter than the second for which a worker's request for messages waits."""
    return [
        Error(
            f"{name} is {value}, too short for a broker that works.",
            hint=f"Set it to {least} or more.",
            id="jobs.E006",
        )
        for name, value, least in (
            ("BACKLINE_BROKER_TIMEOUT_S", settings.BACKLINE_BROKER_TIMEOUT_S, 2),
            ("BACKLINE_BROKER_IDLE_S", settings.BACKLINE_BROKER_IDLE_S, 1),
        )
        if value < least
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
def check_celery_settings(**_: object) -> list[CheckMessage]:
    """Refuse settings of Celery's that jobs cannot obey; warn of names that Celery does not know."""
    found: list[CheckMessage] = []
    for name in sorted({name for name in dir(settings) if name.startswith(_PREFIX)}):
        celerys = name.removeprefix(_PREFIX).lower()
        value = getattr(settings, name)
        if celerys not in celery_settings.KNOWN:
            found.append(_unknown(name, celerys))
        elif (instead := celery_settings.fault_of(celerys, value)) is not None:
            found.append(Error(f"{name} cannot hold for jobs.", hint=instead, id="jobs.E005"))
    return found


def _unknown(name: str, celerys: str) -> CheckMessage:
    near = get_close_matches(celerys, celery_settings.KNOWN, n=1)
    hint = f"Did you mean {_PREFIX}{near[0].upper()}?" if near else "Remove it."
    return CheckWarning(f"Celery has no setting {name}: it has no effect.", hint=hint, id="jobs.W001")


@register()
def check_queues(**_: object) -> list[CheckMessage]:
    """Refuse job types on a queue that no worker listens to by default."""
    known = registry.queues()
    return [
        Error(
            f"Job type {kind} uses queue {task.job_queue!r}, which is not in BACKLINE_QUEUES.",
            hint=f"Add it to BACKLINE_QUEUES, or use one of: {', '.join(sorted(known))}.",
            id="jobs.E002",
        )
        for kind, task in sorted(registry.kinds().items())
        if task.job_queue not in known
    ]


@register()
def check_job_files(**_: object) -> list[CheckMessage]:
    """Name files below JOB_MODULES that cannot be imported, or that declare no job type."""
    hint = "Rename the folder without a dot."
    found: list[CheckMessage] = [
        Error(f"{file} cannot be imported: a folder has a dot in its name.", hint=hint, id="jobs.E007")
        for file in discovery.unreachable()
    ]
    hint = "Declare one with @job, move the file out of JOB_MODULES, or begin its name with an underscore."
    found += [
        CheckWarning(f"Module {name} declares no job type.", hint=hint, id="jobs.W002")
        for name in discovery.undeclared()
    ]
    return found
