"""Prices: what each product costs now, from the lines that came since the last look."""

from typing import Final

from django.db import transaction

from apps.shop import new_lines, sql
from apps.shop.new_lines import Span

READER: Final = "prices"
AT_ONCE: Final = 500_000  # lines a commit: about a second


def update_prices(part: Span) -> dict[str, int]:
    """Bring prices up to date with a part of the unread lines; return how many are new, changed, the same.

    The part counts as read in the same commit: who comes with it again, or at the same time, does nothing.
    """
    with transaction.atomic():
        after = max(new_lines.take_turn(READER), part.after)
        [(new, changed, same)] = sql.run("update_prices", {"after": after, "upto": part.upto})
        new_lines.move(READER, part.upto)
    return {"new": new, "changed": changed, "same": same}
