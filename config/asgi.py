"""The web application, for any ASGI server."""

import os
from typing import cast

from django.core.asgi import get_asgi_application

from apps.web.body_limit import Application, BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = BodyLimit(cast("Application", get_asgi_application()))
