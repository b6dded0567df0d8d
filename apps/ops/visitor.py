"""Who asks Flower for a page: judged by the Django session, afresh for every request.

Called in a thread, since Django's models may not be used in tornado's event loop.
"""

from typing import NamedTuple

from django.db import close_old_connections

from apps.accounts.sessions import user_of_session

MAY_VIEW = "jobs.view_worker"
MAY_ACT = "jobs.change_worker"


class Visitor(NamedTuple):
    """A person who is logged in, and what this person may do with workers."""

    name: str
    may_view: bool
    may_act: bool


def visitor_of(cookie: str) -> Visitor | None:
    """Return who a session belongs to; None for one that ended, expired or never was."""
    close_old_connections()
    try:
        user = user_of_session(cookie)
        if user is None:
            return None
        return Visitor(user.get_username(), user.has_perm(MAY_VIEW), user.has_perm(MAY_ACT))
    finally:
        close_old_connections()
