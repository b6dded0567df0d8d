"""Numbers, durations and moments in plain words."""

from datetime import datetime, timedelta

_SECOND = timedelta(seconds=1)
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def count(number: int, noun: str = "") -> str:
    """Write a number with thousands separators, and its noun in the right form."""
    if not noun:
        return f"{number:,}"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def sentence_case(text: str) -> str:
    """Write the first letter as a capital and leave the others, which may be names."""
    return text[:1].upper() + text[1:]


def rounded(number: int) -> int:
    """Round an estimate to two figures."""
    digits = max(len(str(number)) - 2, 0)
    return round(number, -digits)


def span(duration: timedelta) -> str:
    """Write a duration exactly, in its two largest units: ``3 min 11 s``."""
    seconds = duration / _SECOND
    if seconds < 0:
        return "0 s"
    if 0 < seconds < 0.05:
        return "under 0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds % 1 >= 0.05 else f"{seconds:.0f} s"
    left = round(seconds)
    found: list[str] = []
    for name, length in _UNITS:
        if left >= length and len(found) < 2:
            found.append(f"{left // length} {name}")
            left %= length
        elif found:
            break
    return " ".join(found)


def about(duration: timedelta) -> str:
    """Write an estimate: rounded, with "about"."""
    seconds = max(duration / _SECOND, 0)
    if seconds < 55:
        return f"about {max(round(seconds / 10) * 10, 5)} s"
    if seconds < 55 * 60:
        return f"about {max(round(seconds / 60), 1)} min"
    if seconds < 36 * 3600:
        return f"about {max(round(seconds / 3600), 1)} h"
    return f"about {round(seconds / 86400)} days"


def day_and_time(moment: datetime, now: datetime) -> str:
    """Write a moment to the minute; its date only where that is not today."""
    time = moment.strftime("%H:%M")
    return time if moment.date() == now.date() else f"{moment.day} {moment:%b %Y}, {time}"


def whole(moment: datetime) -> str:
    """Write a moment in full, with its zone."""
    return f"{moment.day} {moment:%b %Y, %H:%M:%S %Z}"


def size(number: int) -> str:
    """Write a number of bytes in decimal units."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{number:,} bytes" if unit == "bytes" else f"{value:,.1f} {unit}"
