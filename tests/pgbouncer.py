"""Where tests of PgBouncer run, and what is missing where they do not."""

import pytest

from apps.local.servers.errors import ServerError
from apps.local.servers.pgbouncer import pgbouncer_program


def _missing() -> str:
    try:
        pgbouncer_program()
    except ServerError as error:
        return str(error)
    return ""


MISSING = _missing()
needs_pgbouncer = pytest.mark.skipif(bool(MISSING), reason=MISSING)
