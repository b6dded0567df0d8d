"""Whether an error says that the database is away, whatever it was asked: gone, full, or read-only for now.

Who wrote down what a job did asks again until it is back; anything else would be the job's fault or ours.
"""

from django.db import InterfaceError, OperationalError
from psycopg.errors import ReadOnlySqlTransaction

_LIMIT_EXCEEDED = "54"  # class of SQLSTATE: what was asked is too large or too deep, and stays so


def is_away(error: BaseException) -> bool:
    """Say whether to wait for the database, over a new session, and do the same again."""
    if takes_no_writes(error):
        return True
    code = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) and not code.startswith(_LIMIT_EXCEEDED)


def takes_no_writes(error: BaseException) -> bool:
    """Say whether it is read-only now, as a standby is, or a server whose disk is full at some hosts."""
    return isinstance(error.__cause__, ReadOnlySqlTransaction)


def is_lost_connection(error: BaseException) -> bool:
    """Say whether a connection was lost or refused, to whichever database."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "sqlstate", None) or ""
    return code[:3] in ("", "57P") or code[:2] == "08"
