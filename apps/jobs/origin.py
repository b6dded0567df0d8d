"""Who asks for the jobs that are enqueued here, and about what."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job comes from."""

    owner_id: int | None = None
    trigger: str = "code"  # code, web, shell or schedule
    subject: str = ""  # what it is about, in a person's words


_current: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039  # frozen


def current() -> Origin:
    """Return who is asking now."""
    return _current.get()


@contextmanager
def origin(
    *, owner_id: int | None = None, trigger: str | None = None, subject: str | None = None
) -> Iterator[None]:
    """Name the one who asks for every job enqueued inside the block; what is not given stays as it was."""
    outer = _current.get()
    inner = Origin(
        outer.owner_id if owner_id is None else owner_id,
        trigger or outer.trigger,
        outer.subject if subject is None else subject,
    )
    token = _current.set(inner)
    try:
        yield
    finally:
        _current.reset(token)
