"""Commit a statement without waiting for the disk, where it is a transaction of its own.

`synchronous_commit` belongs to the transaction: set inside an open one, it would let a crash of PostgreSQL
undo everything that its owner was told is committed. A statement asks for it with `{asynchronous_commit}`
among its conditions.
"""

from psycopg import Connection
from psycopg.pq import PipelineStatus, TransactionStatus

MARK = "{asynchronous_commit}"
_OFF = "(SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL"
_AS_IT_IS = "true"


def variants(text: str) -> tuple[str, str]:
    """Return a statement for use inside another transaction, and for use as a transaction of its own."""
    if MARK not in text:
        return text, text
    return text.replace(MARK, _AS_IT_IS), text.replace(MARK, _OFF)


def is_own_transaction(session: Connection) -> bool:
    """Return whether the next statement of a session begins and commits a transaction of its own.

    The session is asked, not Django: a transaction may be open that Django did not open.
    """
    return (
        session.autocommit
        and session.pgconn.transaction_status == TransactionStatus.IDLE
        and session.pgconn.pipeline_status == PipelineStatus.OFF
    )
