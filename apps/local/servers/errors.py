"""The one exception of this package: what is wrong, and how to mend it."""

from __future__ import annotations


class ServerError(Exception):
    """Say in one sentence what is wrong with a server and in another how to mend it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.what = what
        self.mend = mend


class PortTakenError(ServerError):
    """Another program listens on the port; another port may do."""


class StillEndingError(ServerError):
    """The rest of a killed server has not gone yet; the same start works a little later."""
