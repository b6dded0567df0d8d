"""A crontab line in plain words, on a clock of 24 hours and in English whatever the locale is."""

from collections.abc import Collection, Sequence

from cron_descriptor import ExpressionDescriptor, Options
from cron_descriptor.Exception import FormatException, MissingFieldException, WrongArgumentException

_REFUSALS = (MissingFieldException, FormatException, WrongArgumentException)
_EVERY_DAY = 7


def described(line: Sequence[str], weekdays: Collection[int]) -> str:
    """Return five fields in words, the last by the days that it means: Celery's may be names.

    They come as they stand where there are no words for them.
    """
    minute, hour, day_of_month, month_of_year, _ = line
    days = "*" if len(weekdays) == _EVERY_DAY else ",".join(map(str, sorted(weekdays)))
    text = f"{minute} {hour} {day_of_month} {month_of_year} {days}"
    try:
        return str(ExpressionDescriptor(text, _options()).get_description())
    except _REFUSALS:
        return text


def _options() -> Options:
    options = Options()
    options.use_24hour_time_format = True
    options.locale_code = "en_US"
    return options
