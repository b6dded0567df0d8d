"""Kind: what the ledger needs to know of a job type, whoever stands for it.  JobTask is one."""

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from apps.jobs.kinds.retry import RetryPolicy
from apps.jobs.kinds.unique import Unique
from apps.jobs.kinds.validate import Validator

Upcaster = Callable[[dict[str, object]], dict[str, object]]


class Kind(Protocol):
    """What @job declared."""

    name: str
    aliases: tuple[str, ...]
    job_queue: str
    job_priority: int
    retry_policy: RetryPolicy
    parameters: inspect.Signature
    validator: Validator
    version: int
    upcast: Mapping[int, Upcaster]
    expires_after: timedelta | None
    unique: Unique | None
    bundle: int
    limit: str | None
    concurrency: int | None
    limit_by: str | None


def lasting_name(task: Kind) -> str:
    """Return the name that a kind keeps however often it is renamed: its first.

    What releases have to share that run side by side, and jobs of before with those of after, is kept by it.
    """
    return task.aliases[0] if task.aliases else task.name
