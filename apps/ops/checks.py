"""System checks of the surfaces' addresses."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning

from apps.ops.addresses import LOOPBACK


@register()
def check_flower_shares_the_cookie(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001  # Django's signature
    **_: object,
) -> list[CheckMessage]:
    """Warn when the session cookie cannot reach Flower: people would be sent to the login for ever."""
    web, flower = urlsplit(settings.WEB_URL).hostname, urlsplit(settings.FLOWER_URL).hostname
    if not flower or web == flower or settings.SESSION_COOKIE_DOMAIN or {web, flower} <= LOOPBACK:
        return []
    return [
        CheckWarning(
            f"Pages are on {web} and Flower is on {flower}: a login at one does not count at the other.",
            hint="Give both the same host name, or set SESSION_COOKIE_DOMAIN to a domain that holds both.",
            id="ops.W001",
        )
    ]
