"""The request of somebody who is logged in, for the type checker."""

from django.http import HttpRequest

from apps.accounts.models import User


class LoggedIn(HttpRequest):
    """What a view behind ``login_required`` is given."""

    user: User
