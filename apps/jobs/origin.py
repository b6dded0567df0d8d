"""Who asks for the jobs that are enqueued here, about what, and out of which job."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import UUID

from apps.jobs import sql, storable

_LONGEST = 200
_MOST_TAGS, _LONGEST_TAG = 20, 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job comes from."""

    owner_id: int | None = None
    trigger: str = "code"  # code, web, shell, schedule, event, or message: a plain Celery message
    subject: str = ""  # what it is about, in plain words
    tenant: str = ""  # whose turn it takes: the relay is fair between tenants
    tags: tuple[str, ...] = ()  # by which people find it again
    request_id: str = ""  # of the web request that asked
    parent_id: UUID | None = None  # the job that made it, or waits for it
    is_asked: bool = True  # from outside: counts against the tenant's quota


_current: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039  # frozen


running: ContextVar[UUID | None] = ContextVar("running", default=None)  # by attempt: the job whose body runs
_is_for: ContextVar[tuple[UUID, str, str] | None] = ContextVar("is_for", default=None)


def current() -> Origin:
    """Return who is asking now.

    Inside a job's body that job is the parent, and what it makes is for the same tenant and of the same
    request, unless others were named.
    """
    asking, job_id = _current.get(), running.get()
    if job_id is None:
        return asking
    tenant, request_id = _what_it_is_for(job_id)
    return replace(
        asking,
        parent_id=asking.parent_id or job_id,
        tenant=asking.tenant or tenant,
        request_id=asking.request_id or request_id,
        is_asked=False,
    )


@contextmanager
def origin(  # noqa: PLR0913  # all by name, each a word about the one who asks
    *,
    owner_id: int | None = None,
    trigger: str | None = None,
    subject: str | None = None,
    tenant: str | None = None,
    tags: Sequence[str] | None = None,
    request_id: str | None = None,
    parent_id: UUID | None = None,
    is_asked: bool = True,
) -> Iterator[None]:
    """Name the one who asks for every job enqueued inside the block; what is not given stays as it was.

    ``tags`` are added to those of the outer block. Raise ValueError for a tenant or tags that cannot be kept.
    """
    outer = _current.get()
    inner = Origin(
        owner_id=outer.owner_id if owner_id is None else owner_id,
        trigger=trigger or outer.trigger,
        subject=outer.subject if subject is None else storable.clean(subject[:_LONGEST]),
        tenant=outer.tenant if tenant is None else _tenant(tenant),
        tags=outer.tags if tags is None else _tags([*outer.tags, *_listed(tags)]),
        request_id=outer.request_id if request_id is None else storable.clean(request_id[:_LONGEST]),
        parent_id=outer.parent_id if parent_id is None else parent_id,
        is_asked=outer.is_asked and is_asked,
    )
    token = _current.set(inner)
    try:
        yield
    finally:
        _current.reset(token)


def _what_it_is_for(job_id: UUID) -> tuple[str, str]:
    """Return a running job's tenant and request; they are read when it first enqueues something."""
    known = _is_for.get()
    if known is None or known[0] != job_id:
        rows = sql.run("origin_of", {"id": job_id})
        known = (job_id, rows[0][3], rows[0][5]) if rows else (job_id, "", "")
        _is_for.set(known)
    return known[1:]


def _tenant(tenant: str) -> str:
    """Let a tenant through whose lane cannot be taken for another's: a limited kind adds "/" and its key."""
    if "/" in tenant or len(tenant) > _LONGEST or tenant != storable.clean(tenant):
        raise ValueError(
            f"tenant {tenant[:_LONGEST]!r} must be a name of at most {_LONGEST} letters without a slash. "
            "Use its id."
        )
    return tenant


def _listed(tags: Sequence[str]) -> Sequence[str]:
    if isinstance(tags, str):
        raise TypeError(f"tags must be a list of words, not the one text {tags!r}. Write [{tags!r}].")
    return tags


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(tags))
    if len(unique) > _MOST_TAGS:
        raise ValueError(f"{len(unique)} tags are too many. Give a job at most {_MOST_TAGS}.")
    for tag in unique:
        if not tag or len(tag) > _LONGEST_TAG or tag != storable.clean(tag):
            raise ValueError(f"tag {tag[:_LONGEST_TAG]!r} must be a word of 1 to {_LONGEST_TAG} letters.")
    return unique
