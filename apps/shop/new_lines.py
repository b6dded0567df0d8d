"""Which order lines came since a reader last looked.  For what is derived from lines and kept up to date.

Lines are added, never changed, and merges take turns: once no merge runs, no line with a smaller id than the
last one can still appear. So a place among the ids is all that a reader has to remember.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max

from apps.shop.models import Bookmark, OrderLine
from apps.shop.order_lines import sql


@dataclass(frozen=True, slots=True)
class Span:
    """The lines whose ids are above ``after`` and at most ``upto``; some ids may be nobody's."""

    after: int
    upto: int

    def parts(self, ids: int) -> Iterator["Span"]:
        """Cut it into spans of so many ids."""
        for start in range(self.after, self.upto, ids):
            yield Span(start, min(start + ids, self.upto))


def unread(reader: str) -> Span:
    """Return the lines that a reader has not read; when there are none it costs two look-ups."""
    after = Bookmark.objects.filter(reader=reader).values_list("line_id", flat=True).first() or 0
    return Span(after, after if _last() <= after else _last_for_good())


def take_turn(reader: str) -> int:
    """Lock a reader's place until the transaction ends, and return it."""
    Bookmark.objects.bulk_create([Bookmark(reader=reader)], ignore_conflicts=True)
    return Bookmark.objects.select_for_update().get(reader=reader).line_id


def move(reader: str, line_id: int) -> None:
    """Move a reader's place forward, never back."""
    Bookmark.objects.filter(reader=reader, line_id__lt=line_id).update(line_id=line_id)


def _last_for_good() -> int:
    """Return the greatest id below which no line will appear any more; a merge that runs is waited for."""
    with transaction.atomic(), connection.cursor() as cursor:
        sql.run(cursor, "wait_for_merges")
        return _last()


def _last() -> int:
    return OrderLine.objects.aggregate(last=Max("pk"))["last"] or 0
