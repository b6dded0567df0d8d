"""Run one command to its end on a leash, its output in a log, while Ctrl-C keeps working."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.local.servers.explain import tail
from apps.local.servers.leashed import Command, Leashed
from apps.local.supervise.logs import log_path, start_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.local.supervise.child import Surroundings


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code and what it wrote."""

    code: int
    output: str


def run_once(name: str, arguments: Sequence[str], surroundings: Surroundings) -> Outcome:
    """Run `arguments` in the project, logging as `name`, and wait for the end."""
    log = log_path(surroundings.logs, name)
    start_log(log)
    leashed = Leashed(
        Command(
            arguments=arguments,
            log=log,
            cwd=surroundings.project,
            environment=surroundings.environment,
            holds=surroundings.holds(),
            account=surroundings.account,
        )
    )
    try:
        code = leashed.wait()
    except BaseException:
        leashed.let_go()
        leashed.wait(5.0)
        raise
    return Outcome(1 if code is None else code, tail(log))
