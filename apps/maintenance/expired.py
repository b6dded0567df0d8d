"""Deletes what Django keeps after it expired: sessions, and rows of its cache where that is a table."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.db import connection
from django.db.models.functions import Now

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

_BATCH: Final = 10_000  # rows a statement: others wait for no lock of ours for long


def delete_expired_sessions() -> int:
    """Delete sessions that are over and return how many; of engines without rows nobody can say."""
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    model_of = getattr(store, "get_model_class", None)  # engines that keep sessions as rows have one
    if model_of is None:
        store.clear_expired()
        return 0
    over = model_of().objects.filter(expire_date__lt=Now())
    deleted = 0
    while batch := over.filter(pk__in=over.order_by("expire_date").values("pk")[:_BATCH]).delete()[0]:
        deleted += batch
    return deleted


def delete_expired_cache_rows() -> dict[str, int]:
    """Delete expired rows of each cache that is a table; return how many by its name in the settings."""
    tables = ((alias, caches[alias]) for alias in settings.CACHES)
    return {
        alias: _delete_rows(cache._table)  # type: ignore[attr-defined]  # it has no other name
        for alias, cache in tables
        if isinstance(cache, BaseDatabaseCache)
    }


def _delete_rows(name: str) -> int:
    table = connection.ops.quote_name(name)
    statement = (
        f"DELETE FROM {table} WHERE expires < clock_timestamp() AND cache_key IN "  # noqa: S608  # a name of the settings
        f"(SELECT cache_key FROM {table} WHERE expires < clock_timestamp() ORDER BY expires LIMIT %s)"
    )
    deleted = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, [_BATCH])
            if not cursor.rowcount:
                return deleted
            deleted += cursor.rowcount
