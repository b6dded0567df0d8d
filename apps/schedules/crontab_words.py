"""A crontab line in plain words, on a clock of 24 hours and in English whatever the locale is."""

from collections.abc import Collection
from itertools import pairwise

from cron_descriptor import ExpressionDescriptor, Options
from cron_descriptor.Exception import FormatException, MissingFieldException, WrongArgumentException

from apps.schedules.crontab import Crontab

_REFUSALS = (MissingFieldException, FormatException, WrongArgumentException)


def described(line: str, crontab: Crontab) -> str:
    """Return a parsed line in words; as it was typed where there are no words for it.

    The fields are written anew from what Celery understood: it reads names, lists and steps in its own way.
    """
    minutes = sorted({minute % 60 for minute in crontab.minutes})
    hours = sorted({minute // 60 for minute in crontab.minutes})
    fields = [
        _field(minutes, range(60)),
        _field(hours, range(24)),
        _field(crontab.days, range(1, 32)),
        _field(crontab.months, range(1, 13)),
        _field(sorted(crontab.weekdays), range(7)),
    ]
    try:
        told = _Words(" ".join(fields), _options(), minutes=minutes, hours=hours).get_description()
    except _REFUSALS:
        return line
    return str(told).replace(" through ", " to ")


class _Words(ExpressionDescriptor):  # type: ignore[misc]  # untyped base
    """The library's words, except for one run in each of several hours: it says until 17:59 for 17:00."""

    def __init__(
        self, expression: str, options: Options, *, minutes: Collection[int], hours: Collection[int]
    ) -> None:
        super().__init__(expression, options)
        self._minutes = list(minutes)
        self._hours = list(hours)

    def get_time_of_day_description(self) -> str:
        """Say from when to when it runs, and every how many hours."""
        step = _step(self._hours)
        if len(self._minutes) != 1 or step is None or len(self._hours) in (2, 24):
            return str(super().get_time_of_day_description())
        first, last = (f"{hour:02}:{self._minutes[0]:02}" for hour in (self._hours[0], self._hours[-1]))
        return f"Every {'hour' if step == 1 else f'{step} hours'} from {first} to {last}"


def _field(values: Collection[int], whole: range) -> str:
    """Write a field in its shortest form: all, every n, from to, or a list."""
    found = list(values)
    if found == list(whole):
        return "*"
    step = _step(found)
    if step is not None and len(found) > 2 and found == list(whole[::step]):
        return f"*/{step}"
    if step == 1 and len(found) > 2:
        return f"{found[0]}-{found[-1]}"
    return ",".join(map(str, found))


def _step(values: list[int]) -> int | None:
    steps = {after - before for before, after in pairwise(values)}
    return steps.pop() if len(steps) == 1 else None


def _options() -> Options:
    options = Options()
    options.use_24hour_time_format = True
    options.locale_code = "en_US"
    return options
