"""Where tests of RabbitMQ run, and what is missing where they do not."""

import pytest

from apps.local.servers.errors import ServerError
from apps.local.servers.rabbitmq import rabbitmq_program


def _missing() -> str:
    try:
        rabbitmq_program()
    except ServerError as error:
        return str(error)
    return ""


MISSING = _missing()
needs_rabbitmq = pytest.mark.skipif(bool(MISSING), reason=MISSING)
