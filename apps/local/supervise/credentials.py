"""The generated login, in `.backline/credentials`, mode 600."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.local.servers.layout import Layout, make_private
from apps.local.servers.private_files import read_if_there, write_private

if TYPE_CHECKING:
    from pathlib import Path

ADMIN = "admin@backline.local"


@dataclass(frozen=True)
class Credentials:
    """A login and its password."""

    login: str
    password: str


def generate(project: Path) -> Credentials:
    """Make a login with a new password and keep it."""
    made = Credentials(ADMIN, secrets.token_urlsafe(12))
    layout = Layout(project)
    make_private(layout.state)
    write_private(layout.credentials, f"login: {made.login}\npassword: {made.password}\n")
    return made


def known(project: Path) -> Credentials | None:
    """Return the generated login, or None when there is none."""
    pairs = (line.split(": ", 1) for line in (read_if_there(Layout(project).credentials) or "").splitlines())
    values = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    return (
        Credentials(values["login"], values["password"]) if values.keys() >= {"login", "password"} else None
    )
