"""Settings as people may read them in `celery report`, `inspect conf` and Flower: without passwords.

Celery masks values by the names of a few settings; here an address with a password is masked wherever it is.
"""

import re
from collections.abc import Mapping
from datetime import date, time, timedelta

from celery.app.utils import Settings

from apps.lib.redact import is_secret

_MASK = "**"
_USER = re.compile(r"(://)([^:/?#@\s]*):.*@", re.DOTALL)  # up to the last @: a password may hold one
_TOKEN = re.compile(r"(://)[^:/?#@\s]+@")
_PARAMETER = re.compile(r"([?&;\s](?:pass\w*|pwd|secret|token|sig|\w*key)=)[^&;\s]+", re.IGNORECASE)
_PLAIN = (bool, int, float, date, time, timedelta, type(None))


class ShownSettings(Settings):
    """Celery's settings, whose table is fit to be shown."""

    def table(self, with_defaults: bool = False, censored: bool = True) -> dict[str, object]:
        """Return the settings by name; without passwords unless ``censored`` is False."""
        found: dict[str, object] = super().table(with_defaults, censored)
        return masked(found) if censored else found


def masked(values: Mapping[str, object]) -> dict[str, object]:
    """Return settings or broker details without what could be a password, at whatever depth."""
    return {
        name: _MASK if value and isinstance(value, str | bytes) and is_secret(str(name)) else _masked(value)
        for name, value in values.items()
    }


def without_password(text: str) -> str:
    """Return a text in which no address has a password."""
    text = _TOKEN.sub(rf"\1{_MASK}@", _USER.sub(rf"\1\2:{_MASK}@", text))
    return _PARAMETER.sub(rf"\1{_MASK}", text)


def _masked(value: object) -> object:
    match value:
        case str():
            return without_password(value)
        case Mapping():
            return masked(value)
        case list() | tuple() | set() | frozenset():
            return [_masked(one) for one in value]
        case _ if isinstance(value, _PLAIN):
            return value
    return without_password(repr(value))
