"""The web application, for any ASGI server."""

import logging
import os
from typing import cast

from django.core.asgi import get_asgi_application

from apps.lib.log_lines import escape_handlers
from apps.web.body_limit import Application, BodyLimit
from apps.web.safe_headers import SafeHeaders

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_django = get_asgi_application()  # sets Django up, which the headers need
application = SafeHeaders(BodyLimit(cast("Application", _django)))
escape_handlers(*map(logging.getLogger, ("uvicorn", "uvicorn.access", "uvicorn.error")))
