"""Mask secrets before a person or a log sees them: by the name of a value, and inside addresses and texts."""

import re
from collections.abc import Mapping
from functools import lru_cache

MASK = "***"

# Anywhere in a name, written together: clientSecret, api_key, sshkeys, session-id.
_PARTS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "key",
    "credential",
    "authorization",
    "cookie",
    "sessionid",
    "signature",
)
# Whole words of a name only: "pin" is one, "shipping" is not.
_WORDS = frozenset(("pin", "pwd", "pass", "pw", "dsn", "auth", "bearer", "jwt", "otp", "cvv", "cvc", "creds"))
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

# user:password@host, with or without a scheme; the password ends at the last @ before the host.
# Lengths are bounded: hostile text must not take long to scrub.
_LOGIN = re.compile(r"(?<![\w.+%-])([\w.+%-]{0,80}):(?!//)([^\s:/@'\"<>][^\s/@'\"<>]{0,200})@(?=[\w\[])")
_AFTER_SCHEME = re.compile(r"(?<=://)([^\s:/@'\"]{0,80}):([^\s/'\"]{1,200})@")
_NAMED = re.compile(
    r"""(?ix)
    (?P<name> (?: password | passwd | passphrase | secret | token | api[_-]?key
        | private[_-]?key | access[_-]?key | credentials? | authorization | cookie
        | \b(?:pin|pwd|dsn)\b ) [\w.-]{0,40} ["']? )
    (?P<is>\s{0,4} (?: = | : (?!//) ) \s{0,4})
    (?P<value> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | (?: (?:bearer|basic|token)\s+ )? [^\s,;&)}\]"']+ )
    """
)
_MAY_HOLD_ONE = re.compile(r"(?i)@|pass|secret|token|key|credential|authori|cookie|pin|pwd|dsn")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Return whether a value of this name is a secret."""
    together = re.sub(r"[^a-z0-9]", "", name.lower())
    if any(part in together for part in _PARTS):
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def masked(value: object) -> object:
    """Return a JSON value with its secrets masked, at whatever depth."""
    if isinstance(value, Mapping):
        return {name: masked_as(str(name), one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(one) for one in value]
    return without_login(value) if isinstance(value, str) and "@" in value else value


def masked_as(name: str, value: object) -> object:
    """Return a value as it may be seen under its name."""
    return MASK if is_secret(name) else masked(value)


def without_login(text: str) -> str:
    """Mask the passwords of addresses in a text: ``redis://user:***@host``."""
    if "@" not in text:
        return text
    return _LOGIN.sub(rf"\1:{MASK}@", _AFTER_SCHEME.sub(rf"\1:{MASK}@", text))


def scrubbed(text: str) -> str:
    """Mask what looks like a secret in a text that a program wrote: a log line, an error, a traceback."""
    if not _MAY_HOLD_ONE.search(text):
        return text
    return _NAMED.sub(rf"\g<name>\g<is>{MASK}", without_login(text))
