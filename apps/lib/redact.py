"""Mask secrets before a person or a log sees them: by the name of a value, and inside addresses and texts."""

import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

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
_WORDS = frozenset(
    ("pin", "pwd", "pass", "pw", "dsn", "auth", "bearer", "jwt", "otp", "cvv", "cvc", "creds", "sig")
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

# user:password@host, with or without a scheme; the password ends at the last @ before the host.
# Lengths are bounded: hostile text must not take long to scrub.
_LOGIN = re.compile(r"(?<![\w.+%-])([\w.+%-]{0,80}):(?!//)([^\s:/@'\"<>][^\s/@'\"<>]{0,200})@(?=[\w\[])")
_NO_PORT = r"(?!\d{1,5}(?:[/?#]|$))"  # http://host:80/a@b holds no password
_AFTER_SCHEME = re.compile(
    rf"(?<=://)([^\s:/?#@'\"]{{0,80}}):{_NO_PORT}(?:(?![;,]\w{{1,20}}://)[^\s'\"]){{1,2000}}@"
)
# An address by itself may have a password with quotes, and others after a semicolon.
_ADDRESS = re.compile(r"[\w+.-]{1,40}://\S+", re.ASCII)
_IN_ADDRESS = re.compile(rf"(?<=://)([^\s:/?#@]{{0,80}}):{_NO_PORT}(?:(?![;,]\w{{1,20}}://)\S){{1,2000}}@")
_TOKEN = re.compile(r"(?i)(https?://)[^\s:/?#@'\"]{1,300}@")  # of Sentry, of a package index
_PARAMETER = re.compile(r"(?:(?<=[?&;\s])|^)([\w.-]{1,60})=('(?:[^'\\]|\\.){0,2000}'|[^&;\s'\"]+)")
_NAMED = re.compile(
    r"""(?ix)
    (?P<name> (?: password | passwd | passphrase | secret | token | api[_-]?key
        | private[_-]?key | access[_-]?key | ssh[_-]?key | credentials? | authorization | cookie
        | signature | session[_-]?id | \b(?:pin|pwd|pw|dsn|auth|jwt|otp|cvv|cvc|creds|sig)\b )
        [\w.-]{0,40} ["']? )
    (?P<is>\s{0,4} (?: = | : (?!//) ) \s{0,4})
    (?P<value> \{[^{}]{0,500}\} | \[[^\[\]]{0,500}\] | "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'
        | ["'{\[] [^\n]{1,2000}  # cut, or nested deeper: the rest of the line
        | (?: (?:bearer|basic|token)\s+ )? [^\s,;&)}\]"']+ ) [^\s,;&)}\]"']*
    """
)
_MASKED = re.compile(r"(?::|//)\*\*\*@|=\*\*\*")
_MAY_HOLD_ONE = re.compile(
    r"(?i)@|pass|secret|token|key|cred|auth|cookie|pin|pwd?|dsn|sig|session|jwt|otp|cv[vc]"
)
_PLAIN = (bool, int, float, Decimal, date, time, timedelta, UUID, type(None))


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Return whether a value of this name is a secret."""
    together = re.sub(r"[^a-z0-9]", "", name.lower())
    if any(part in together for part in _PARTS):
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def masked(value: object) -> object:
    """Return a value with its secrets masked, at whatever depth; an object that is no JSON by its text."""
    match value:
        case str():
            return without_login(value)
        case _ if isinstance(value, _PLAIN):
            return value
        case Mapping():
            return {name: masked_as(str(name), one) for name, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(one) for one in value]
    return without_login(repr(value))


def masked_as(name: str, value: object) -> object:
    """Return a value as it may be seen under its name."""
    return MASK if is_secret(name) else masked(value)


def without_login(text: str) -> str:
    """Mask the passwords of addresses in a text: ``redis://user:***@host``, ``host=here password=***``."""
    if "@" in text:
        login = _IN_ADDRESS if _ADDRESS.fullmatch(text) else _AFTER_SCHEME
        text = _LOGIN.sub(rf"\1:{MASK}@", login.sub(rf"\1:{MASK}@", text))
        text = _TOKEN.sub(rf"\1{MASK}@", text)
    return _PARAMETER.sub(_masked_parameter, text) if "=" in text else text


def has_mask(text: str) -> bool:
    """Return whether a password was masked in the address that a text holds."""
    return bool(_MASKED.search(text))


def scrubbed(text: str) -> str:
    """Mask what looks like a secret in a text that a program wrote: a log line, an error, a traceback."""
    if not _MAY_HOLD_ONE.search(text):  # most texts, at little cost
        return text
    return _NAMED.sub(rf"\g<name>\g<is>{MASK}", without_login(text))


def _masked_parameter(found: re.Match[str]) -> str:
    name = found[1]
    return f"{name}={MASK}" if is_secret(name) else found[0]
