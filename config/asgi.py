"""The web application, for any ASGI server."""

import logging
import os
from typing import TYPE_CHECKING, cast

from django.core.asgi import get_asgi_application

from apps.lib.log_lines import escape_handlers
from apps.web.safe_headers import SafeHeaders

if TYPE_CHECKING:
    from apps.web.asgi import Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_asgi_application()  # sets Django up, which what wraps it needs
from apps.web.at_once import ReleasingPlaces  # noqa: E402
from apps.web.body_limit import BodyLimit  # noqa: E402
from apps.web.sessions import BoundedSessions  # noqa: E402

application = SafeHeaders(BodyLimit(BoundedSessions(ReleasingPlaces(cast("Application", _django)))))
_SERVERS = ("uvicorn", "uvicorn.access", "uvicorn.error", "gunicorn.access", "gunicorn.error")
escape_handlers(*map(logging.getLogger, _SERVERS))
