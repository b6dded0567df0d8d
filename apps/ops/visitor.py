"""Who asks Flower for a page: judged by the Django session, afresh for every request.

Called in a thread, since Django's models may not be used in tornado's event loop.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections

MAY_VIEW = "jobs.view_worker"
MAY_ACT = "jobs.change_worker"


class Visitor(NamedTuple):
    """A person who is logged in, and what this person may do with workers."""

    name: str
    may_view: bool
    may_act: bool


def visitor_of(cookie: str) -> Visitor | None:
    """Return who a session belongs to; None for one that ended, expired or never was.

    Django's own function decides, so a logout, a new password and a person made inactive all count.
    """
    close_old_connections()
    try:
        session = import_module(settings.SESSION_ENGINE).SessionStore(cookie)
        user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]  # it reads nothing else
        if not user.is_authenticated:
            return None
        return Visitor(user.get_username(), user.has_perm(MAY_VIEW), user.has_perm(MAY_ACT))
    finally:
        close_old_connections()
