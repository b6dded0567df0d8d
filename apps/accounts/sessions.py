"""Find out to whom a session belongs, afresh from the database.

For what outlives a request: streams, and Flower, whose requests do not pass through Django's middleware.
"""

from importlib import import_module
from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth import get_user

from apps.accounts.models import User


def user_of_session(key: str | None) -> User | None:
    """Return the user whose session this is now; None for one that ended, expired or never was.

    Django's own function decides, so a logout, a new password and a user made inactive all count.
    """
    if not key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]  # it reads nothing else
    return user if isinstance(user, User) else None
