"""Classify a statement by how long what it changes in its session lasts."""

import re
from enum import IntEnum
from functools import lru_cache

_LONG = 2000  # characters; longer texts are seldom the same twice


class Change(IntEnum):
    """How long what a statement changes in its session lasts."""

    NONE = 0
    TRANSACTION = 1
    SESSION = 2


# (?>...)*+ never backtracks: a text of many blanks or dashes must not take long
_BLANK = r"(?>\s|--[^\n]*|/\*.*?\*/)*+"
_TEMP = r"(?:(?:global|local)\s+)?temp(?:orary)?\b"
_FOR_SESSION = re.compile(
    _BLANK
    # the worker itself sets the interval: it changes no result
    + r"(?:set\s+(?!local\b|constraints\b|transaction\b|client_connection_check_interval\b)"
    r"|(?:reset|discard|deallocate|listen|load|do)\b|prepare\s+(?!transaction\b))",
    re.DOTALL,
)
_FOR_TRANSACTION = re.compile(_BLANK + r"set\s+local\s+(?!\w+\.)", re.DOTALL)  # not app.user and the like
_TEMPORARY = re.compile(rf"\bcreate\s+(?:or\s+replace\s+)?{_TEMP}|\binto\s+{_TEMP}|\bpg_temp\b")
_LOCAL_CONFIG = re.compile(r"\bset_config\s*\(\s*'([^']+)'\s*,[^(),]*(?:\([^()]*\)[^(),]*)*,\s*true\s*\)")
_LASTING_WORDS = ("advisory_lock", "with hold")


def change_of(text: str) -> Change:
    """Return how long what a statement changes lasts; what it cannot tell counts as longer."""
    return _change_of(text) if len(text) > _LONG else _kept_change_of(text)


def _change_of(text: str) -> Change:
    lowered = text.lower()
    return max(_by_verbs(lowered), _by_words(lowered))


_kept_change_of = lru_cache(maxsize=2048)(_change_of)


def _by_verbs(text: str) -> Change:
    """Look at the begin of each statement; a text may hold several."""
    change, start = Change.NONE, 0
    while True:
        if _FOR_SESSION.match(text, start):
            return Change.SESSION
        if _FOR_TRANSACTION.match(text, start):
            change = Change.TRANSACTION
        start = text.find(";", start) + 1
        if not start:
            return change


def _by_words(text: str) -> Change:
    if any(word in text for word in _LASTING_WORDS):
        return Change.SESSION
    change = _by_config(text) if "set_config" in text else Change.NONE
    if "temp" in text and _TEMPORARY.search(text):
        return max(change, Change.TRANSACTION if "on commit drop" in text else Change.SESSION)
    return change


def _by_config(text: str) -> Change:
    local = _LOCAL_CONFIG.findall(text)
    if len(local) < text.count("set_config"):
        return Change.SESSION
    return Change.NONE if all("." in name for name in local) else Change.TRANSACTION
