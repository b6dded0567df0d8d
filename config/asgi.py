"""The web application, for any ASGI server."""

import logging
import os
from typing import cast

from django.core.asgi import get_asgi_application

from apps.lib.log_lines import escape_handlers
from apps.web.body_limit import Application, BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = BodyLimit(cast("Application", get_asgi_application()))
escape_handlers(*map(logging.getLogger, ("uvicorn", "uvicorn.access", "uvicorn.error")))
