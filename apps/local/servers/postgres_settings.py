"""PostgreSQL's configuration, as data: what suits the ledger on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.local.servers.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

# A socket address holds 107 bytes, and PostgreSQL appends a file name to the directory.
_LONGEST_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.65535.lock")

LEDGER_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "autovacuum_naptime": "15s",
    "random_page_cost": "1.1",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%a ",
    "log_checkpoints": "off",
    "lc_messages": "C",
}


def configuration(port: int, socket_directory: Path, settings: dict[str, str]) -> str:
    """Return the text of the configuration file that our start lays over PostgreSQL's own."""
    where = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": _fitting(socket_directory),
        "unix_socket_permissions": "0700",
    }
    lines = (f"{name} = {_quoted(value)}" for name, value in {**LEDGER_SETTINGS, **where, **settings}.items())
    return "# Written at every start.\ninclude_if_exists = 'postgresql.conf'\n" + "\n".join(lines) + "\n"


def _fitting(directory: Path) -> str:
    """Return the directory, or nothing (loopback only) where its path is too long for a socket."""
    return str(directory) if len(bytes(directory)) <= _LONGEST_SOCKET_DIRECTORY else ""


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
