"""Mask secrets before a person or a log sees them: by the name of a value, and inside addresses and texts."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from apps.lib.secret_formats import MASK
from apps.lib.secret_names import is_secret
from apps.lib.secret_texts import scrubbed

__all__ = ["MASK", "has_mask", "is_secret", "masked", "masked_as", "scrubbed", "shortened", "start_of"]

_MASKED: Final = re.compile(r"(?<!\*)\*\*\*(?!\*)")
_NAME: Final = re.compile(r"[\w.-]{1,60}")
_MOST: Final = 1_000_000  # characters: what is cut from a longer text is not looked at
_PLAIN: Final = (bool, int, float, Decimal, date, time, timedelta, UUID, type(None))


def masked(value: object) -> object:
    """Return a value with its secrets masked, at whatever depth; an object that is no JSON by its text."""
    match value:
        case str():
            return scrubbed(value)
        case _ if isinstance(value, _PLAIN):
            return value
        case Mapping():
            return _masked_mapping(value)
        case list() | tuple() if _names_a_secret(value):
            return [value[0], MASK]
        case list() | tuple() | set() | frozenset():
            return [masked(one) for one in value]
    return scrubbed(repr(value))


def masked_as(name: str, value: object) -> object:
    """Return a value as it may be seen under its name."""
    return MASK if is_secret(name) else masked(value)


def has_mask(text: str) -> bool:
    """Return whether a text holds the mask of a secret."""
    return bool(_MASKED.search(text))


def shortened(text: str, longest: int) -> str:
    """Return a text without secrets, its middle left out where it is long; masked first, then cut."""
    if len(text) > 2 * _MOST:
        _, _, tail = text[-_MOST:].partition("\n")  # its first line may start within a secret
        text = f"{text[:_MOST]}\n…\n{tail}"
    seen = scrubbed(text)
    if len(seen) <= longest:
        return seen
    return f"{seen[: longest // 2]}\n…\n{seen[len(seen) - longest // 2 :]}"


def start_of(text: str, longest: int) -> str:
    """Return the start of a text, without secrets; masked first, then cut."""
    return scrubbed(text[:_MOST])[:longest]


def _masked_mapping(given: Mapping[object, object]) -> dict[object, object]:
    """Return a mapping without secrets; one such as ``{"name": "password", "value": 1}`` names its own."""
    seen = {name: masked_as(str(name), one) for name, one in given.items()}
    if "value" in given and any(_is_name(given.get(of)) for of in ("name", "key", "header")):
        seen["value"] = MASK
    return seen


def _names_a_secret(pair: Sequence[object]) -> bool:
    """Return whether this is a pair of a name and a secret, such as a header."""
    return len(pair) == 2 and _is_name(pair[0]) and isinstance(pair[1], str | bytes | int)


def _is_name(value: object) -> bool:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return isinstance(text, str) and bool(_NAME.fullmatch(text)) and is_secret(text)
