"""The theme a person chose: a cookie, so that the server sets it and nothing flashes."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

SYSTEM = "system"
CHOICES = (SYSTEM, "light", "dark")
COOKIE = "theme"


def chosen(request: HttpRequest) -> str:
    """Return the theme of this browser; anything unknown means the system's own."""
    value = request.COOKIES.get(COOKIE, SYSTEM)
    return value if value in CHOICES else SYSTEM


def keep(response: HttpResponseBase, theme: str) -> None:
    """Remember a theme in the browser for a year; forget it for the system's own."""
    if theme == SYSTEM:
        response.delete_cookie(COOKIE, samesite="Lax")
        return
    response.set_cookie(
        COOKIE,
        theme,
        max_age=timedelta(days=365),
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )
