"""Choose the ports of the pages: the usual ones, or the next free, said so; an asked one or none."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from apps.local.servers.errors import PortTakenError
from apps.local.servers.ports import is_free, reserve, reserve_port
from apps.local.supervise.processes import Plan

if TYPE_CHECKING:
    from apps.local.supervise.options import Options
    from apps.local.supervise.screen import Screen

_WEB, _FLOWER = 8000, 5555


def plan_ports(options: Options, screen: Screen, reserved: ExitStack) -> Plan:
    """Return the plan with ports that are free now, and kept from other starts until `reserved` closes."""
    if options.port is not None and not is_free(options.port):
        raise PortTakenError(
            f"Port {options.port} is busy: another program listens on it.",
            "Name another with --port, or leave --port out to get a free one.",
        )
    if options.port is not None:
        reserved.enter_context(reserve(options.port) or ExitStack())
    web = options.port or _free_from(_WEB, "the pages are on", screen, reserved)
    return Plan(web, _free_from(_FLOWER, "Flower is on", screen, reserved), options.workers)


def _free_from(usual: int, what: str, screen: Screen, reserved: ExitStack) -> int:
    port, reservation = reserve_port(usual)
    reserved.enter_context(reservation)
    if port != usual:
        screen.note(f"port {usual} is busy; {what} {port}")
    return port
