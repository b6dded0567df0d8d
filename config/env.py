"""Read the environment: a value that makes no sense stops the start and says so."""

import os
from email.utils import parseaddr
from pathlib import Path


class BadSetting(ValueError):  # noqa: N818
    """A variable of the environment holds what it must not."""


def text(name: str, default: str = "") -> str:
    """Return a variable, or the content of the file that NAME_FILE names (for secrets)."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from error
    return os.environ.get(name) or default


def flag(name: str, default: bool) -> bool:
    """Return True or False; refuse anything that is neither."""
    value = os.environ.get(name, "").strip().lower()
    if value == "":
        return default
    if value in ("true", "1", "yes"):
        return True
    if value in ("false", "0", "no"):
        return False
    raise BadSetting(f"{name} is {value!r}. Set it to True or False.")


def number(name: str, default: int) -> int:
    """Return a whole number that is not negative."""
    value = os.environ.get(name, "").strip()
    if value == "":
        return default
    if not value.isdigit():
        raise BadSetting(f"{name} is {value!r}. Set it to a whole number.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """Return a list written with commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def addresses(name: str) -> list[str]:
    """Return e-mail addresses written with commas, each perhaps with a name: ``Ann <ann@example.com>``."""
    for word in words(name):
        if "@" not in parseaddr(word)[1]:
            raise BadSetting(f"{name} holds {word!r}, which is no e-mail address.")
    return words(name)
