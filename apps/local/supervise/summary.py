"""The rows of the one box: where to go, how to log in, where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.local.servers.ports import LOOPBACK
from apps.local.supervise.credentials import known

if TYPE_CHECKING:
    from apps.local.servers.layout import Layout
    from apps.local.supervise.prepared import Prepared
    from apps.local.supervise.processes import Plan


def rows(layout: Layout, plan: Plan, prepared: Prepared) -> list[tuple[str, str]]:
    """Return name and value of each row; the password is shown only by the run that made it."""
    return [
        ("Backline", f"http://{LOOPBACK}:{plan.web_port}/"),
        ("Admin", f"http://{LOOPBACK}:{plan.web_port}/admin/"),
        ("Flower", f"http://{LOOPBACK}:{plan.flower_port}/"),
        *_login(layout, new=prepared.new_admin),
        ("Logs", ".backline/logs/"),
    ]


def _login(layout: Layout, *, new: bool) -> list[tuple[str, str]]:
    login = known(layout.project)
    if login is None:
        return [("Login", "your own; manage.py changepassword sets a new password")]
    if new:
        return [
            ("Login", login.login),
            ("Password", login.password),
            ("", "shown once, kept in .backline/credentials"),
        ]
    return [("Login", login.login), ("Password", "in .backline/credentials")]
