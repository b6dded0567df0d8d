"""Daily sales: a day is summed up anew when lines of it came, however old the day is."""

from datetime import date
from typing import Final

from django.db import transaction

from apps.jobs import Context
from apps.shop import new_lines, sql
from apps.shop.new_lines import Span

READER: Final = "daily sales"


def sum_up(ctx: Context) -> dict[str, object]:
    """Sum up every day of which lines came since the last time; go on behind the day that was last committed.

    Lines count as read at the end: dying in between, the next run sums the same days to the same.
    """
    unread, behind = _where_to_go_on(ctx)
    days = [day for (day,) in sql.run("days_of_lines", {"after": unread.after, "upto": unread.upto})]
    left = [day for day in days if behind is None or day > behind]
    changed = 0
    for number, day in enumerate(left, len(days) - len(left) + 1):
        with transaction.atomic():
            new_lines.take_turn(READER)  # else an older view of the day could be written over a newer one
            changed += sql.run("sum_day", {"day": day})[0][0]
            place: dict[str, object] = {"upto": unread.upto, "day": day.isoformat()}
            ctx.checkpoint(place, done=number, total=len(days), note=f"{day} is summed up")
    new_lines.move(READER, unread.upto)
    return {"days": len(days), "changed": changed, "last_day": days[-1].isoformat() if days else None}


def _where_to_go_on(ctx: Context) -> tuple[Span, date | None]:
    unread = new_lines.unread(READER)
    if ctx.cursor is None:
        return unread, None
    begun = Span(unread.after, int(str(ctx.cursor["upto"])))
    return begun, date.fromisoformat(str(ctx.cursor["day"]))
