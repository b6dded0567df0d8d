"""Secrets that their own form gives away: logins in addresses, keys of well-known services, tokens, PEM.

Lengths are bounded or possessive: hostile text must not take long.
"""

import binascii
import re
from base64 import b64decode
from typing import Final

MASK: Final = "***"

# An address by itself may have a password with quotes; in a text a quotation mark ends it.
_ADDRESS: Final = re.compile(r"[\w+.-]{1,40}://\S+", re.ASCII)
_UP_TO_AT: Final = re.compile(r"(?<![^\s'\"])[^\s'\"]+@")
_NEXT_ADDRESS: Final = re.compile(r"(?=[;,]\w{1,20}://)")
_USER: Final = re.compile(r"(?<=://)[^\s:/?#@'\"]{0,80}:(?!\d{1,5}[/?#])(?=.)", re.DOTALL)
# user:password@host without a scheme; the password ends at the last @ before the host.
_LOGIN: Final = re.compile(
    r"(?<![\w.+%-])(?!(?i:mailto|to|from|cc|bcc|by|e-?mail|author|contact|sip|xmpp):)"
    r"([\w.+%-]{0,80}):(?!//)([^\s:/@'\"<>][^\s/@'\"<>]{0,200})@(?=[\w\[])"
)
_TOKEN: Final = re.compile(r"(?i)(https?://)[^\s:/?#@'\"]{1,300}@")  # of Sentry, of a package index
_PEM: Final = re.compile(
    r"-----BEGIN[A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END[A-Z ]{0,60}-----|.*)", re.DOTALL
)
_OF_SERVICES: Final = re.compile(
    r"""(?x)
      \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{12,20}
    | \bgh[pousr]_\w{10,255} | \bgithub_pat_\w{10,255}
    | \bglpat-[\w-]{10,255}
    | \bxox[abeoprs]-[\w-]{10,255} | (?<=hooks\.slack\.com/services/)[\w/]{10,255}
    | \b[sr]k_(?:live|test)_\w{8,255} | \bwhsec_\w{10,255}
    | \bAIza[\w-]{20,50} | \bya29\.[\w-]{20,500}
    | \beyJ[\w-]{15,}+(?:\.[\w-]*+){0,4}  # a JSON Web Token
    | \bSG\.[\w-]{12,255}(?:\.[\w-]{0,255})?
    | \bnpm_\w{20,255} | \bpypi-AgE[\w-]{16,500} | \bhf_[A-Za-z]{20,255}
    | \bsk-(?:ant-|proj-|svcacct-)?[\w-]{20,500}
    | \bdop_v1_\w{16,255} | \bshp(?:at|ca|pa|ss)_\w{16,255} | \bsntry[su]_[\w=/+-]{16,500}
    | \b(?:pbkdf2_\w{1,20}|argon2\w{0,2}|scrypt|bcrypt_?\w{0,8})\$[^\s'"]{8,500}  # hashes of passwords
    | \$2[aby]\$\d\d\$[./A-Za-z0-9]{20,60}
    """
)
_MAY_HAVE_FORM: Final = re.compile(
    r"[@$]|bearer|basic|-----begin|akia|asia|abia|acca|gh[pousr]_|github_|glpat-|xox|hooks\.slack|[sr]k_|sk-"
    r"|whsec_|aiza|ya29|eyj|sg\.|npm_|pypi-|hf_|dop_|shp|sntry|scrypt|argon2|pbkdf2|bcrypt"
)
_BEARER: Final = re.compile(r"(?i)\b(bearer[ \t]{1,4})([\w.~+/=-]{4,}+)")
_BASIC: Final = re.compile(r"(?i)\b(basic[ \t]{1,4})([A-Za-z0-9+/]{6,}+={0,2})")
_SURELY_RANDOM: Final = 24  # characters; no word after "bearer" is that long


def may_have_form(lower: str) -> bool:
    """Return whether a text, given in lower case, may hold one of these."""
    return bool(_MAY_HAVE_FORM.search(lower))


def without_logins(text: str) -> str:
    """Mask the passwords of addresses in a text: ``redis://user:***@host``."""
    if "@" not in text:
        return text
    if _ADDRESS.fullmatch(text):
        head, _, tail = text.rpartition("@")
        text = f"{_without_passwords(head + '@')}{tail}"
    else:
        text = _UP_TO_AT.sub(lambda found: _without_passwords(found[0]), text)
    return _TOKEN.sub(rf"\1{MASK}@", _LOGIN.sub(rf"\1:{MASK}@", text))


def without_formats(text: str) -> str:
    """Mask keys, tokens and hashes that are secrets under any name."""
    text = _PEM.sub(MASK, text) if "-----BEGIN" in text else text
    text = _OF_SERVICES.sub(MASK, text)
    return _BASIC.sub(_basic, _BEARER.sub(_bearer, text))


def _without_passwords(text: str) -> str:
    return "".join(_without_password(part) for part in _NEXT_ADDRESS.split(text))


def _without_password(part: str) -> str:
    head, at, tail = part.rpartition("@")
    user = _USER.search(head) if at else None
    return f"{head[: user.end()]}{MASK}@{tail}" if user else part


def _bearer(found: re.Match[str]) -> str:
    is_one = len(found[2]) >= _SURELY_RANDOM or any(mark.isdigit() for mark in found[2])
    return f"{found[1]}{MASK}" if is_one else found[0]


def _basic(found: re.Match[str]) -> str:
    """Mask what reads as ``user:password`` in base64, whole or cut."""
    whole = found[2].rstrip("=")
    try:
        read = b64decode(whole[: len(whole) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return found[0]
    is_one = b":" in read or found[2].endswith("=") or len(whole) >= _SURELY_RANDOM
    return f"{found[1]}{MASK}" if is_one else found[0]
