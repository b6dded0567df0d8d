"""Take more memory than there is."""

import resource
from datetime import timedelta
from pathlib import Path

from apps.jobs import Context, RetryPolicy, job
from apps.local.chaos import sink

_TOO_MUCH = 2 * 1024**3


@job("chaos.hungry", retry=RetryPolicy(max_attempts=2, first=timedelta(milliseconds=300)))
def hungry(ctx: Context, group: str = "") -> None:
    """Meet the limit of a control group, where the kernel kills; without one, that of the address space."""
    sink.tell("begun", ctx.job_id, "hungry")
    if group:
        Path(group, "cgroup.procs").write_text("0", encoding="ascii")
        bytearray(_TOO_MUCH)
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_TOO_MUCH // 2, before[1]))
    try:
        bytearray(_TOO_MUCH)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
