"""Names of values that are secrets: ``password``, ``apiKey``, ``customer_pin``, but not ``monkey``."""

import re
from functools import lru_cache
from typing import Final

# Anywhere in a name, written together: clientSecret, api_key, sshkeys, session-id.
_PARTS: Final = (
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
_WORDS: Final = frozenset(
    ("pin", "pwd", "pass", "pw", "dsn", "auth", "bearer", "jwt", "otp", "cvv", "cvc", "creds", "sig")
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_ORDINARY: Final = re.compile(
    r"""(?ix)
      [a-z]*(?:monkey|donkey|turkey|hockey|jockey|whiskey) | key(?:board|word|note|stone|frame|stroke|pad)
    | tokeni[sz] | secretar(?:y|ies|iat) | passwordless
    | (?:routing|primary|foreign|sort|partition|natural)[\s_-]?key | max[_-]?tokens
    """
)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Return whether a value of this name is a secret."""
    name = _ORDINARY.sub(" ", name)
    together = re.sub(r"[^a-z0-9]", "", name.lower())
    if any(part in together for part in _PARTS):
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))
