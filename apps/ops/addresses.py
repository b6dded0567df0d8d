"""Addresses of our own surfaces, by the host name that a browser already uses for us.

A session cookie goes to one host name, whatever the port: who logged in at `localhost` must
be sent on to `localhost`, not to 127.0.0.1.
"""

from urllib.parse import urlsplit, urlunsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def as_seen_from(url: str, host: str) -> str:
    """Return a loopback address under the loopback name in use; any other address as it is."""
    parts = urlsplit(url)
    host = host.strip("[]")
    if parts.hostname not in LOOPBACK or host not in LOOPBACK:
        return url
    name = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=name if parts.port is None else f"{name}:{parts.port}"))
