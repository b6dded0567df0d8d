"""Secrets in texts that programs wrote, found by the names before them: ``password=``, ``'token': b'..'``.

Also pairs ``('password', 'x')``, options ``--password x``, elements ``<password>`` and ``password is x``.
"""

import re
from typing import Final

from apps.lib.secret_formats import MASK, may_have_form, without_formats, without_logins
from apps.lib.secret_names import is_secret
from apps.lib.secret_values import end_of_line, end_of_value

# Sought in lower case: without IGNORECASE the search is three times as fast.
_MAY_NAME_ONE: Final = re.compile(
    r"pass|secret|token|key|cred|auth|cookie|pin|pwd?|dsn|sig|session|jwt|otp|cv[vc]|bearer"
)
_TOOLS: Final = re.compile(r"sshpass|mysql|mariadb|redis-cli|curl")
_NAMED: Final = re.compile(
    r"""(?x)
    (?P<core> password | passwd | passphrase | secret | token | key | credential | authorization | cookie
        | signature | session[_-]?id | pass | pin | pwd | pw | dsn | auth | bearer | jwt | otp | cvv | cvc
        | creds | sig )
    (?P<rest> [\w.-]{0,60}+ )
    (?P<close> \\{0,15}+ ["']? )
    (?P<space> \s{0,4} )
    (?P<is> => | -> | := | ={1,2}+ | :(?!//) | > | , | )
    \s{0,4}+
    """
)
_ANY_CASE: Final = re.compile(_NAMED.pattern, re.IGNORECASE)  # where lower case has other lengths
_SCHEME: Final = re.compile(r"(?i)(?:bearer|basic|token|negotiate|ntlm|apikey)[ \t]{1,4}(?=[^\s,;])")
_WHOLE_LINE: Final = re.compile(r"(?i)digest|oauth|hawk|aws4-hmac-sha256")
_COOKIES: Final = re.compile(r"[\w.-]{1,80}=[^;\s,'\"]*+(?:;\s?[\w.-]{1,80}(?:=[^;\s,'\"]*+)?)*+")
_VALUE: Final = re.compile(r"\\{0,15}[\"']value\\{0,15}[\"']\s{0,4}:\s{0,4}")
_PAIR_OPENS: Final = re.compile(r"[(\[]\s{0,4}[bBuUrR]{0,2}\\{0,15}[\"']\Z")
_PAIR_ENDS: Final = re.compile(r"\s{0,4},?\s{0,4}(?:[)\]]|\Z)")
_NO_VALUE: Final = re.compile(r"(?:None|none|null|True|False|true|false|\"\"|'')(?![\w\"'])|\*\*\*")
_OF_CODE: Final = re.compile(
    r"(?i)(?:error|exception|warning|expired|invalid|missing|required|mismatch|not_?found)\Z"
    r"|\.(?:py|html|js|css|csv|txt|json|md|sql|toml|ya?ml|log|pem)\Z"
)
_PROSE: Final = re.compile(
    r"(?i)(?:must|may|should|can(?:not)?|could|will|is|are|was|were|has|have|had|not|no|too|the|a|an|and|or|in"
    r"|at|for|of|to|on|with|by|this|that|it|its|your|enter|use|choose|see|unknown|expired|invalid"
    r"|missing|required|wrong|empty|changed|reset|failed|denied|refused|accepted|expected|unexpected|only"
    r"|minimum|at least)\b(?![\w.'\"-]|\s{0,2}[=:])"
)
_STATED: Final = re.compile(
    r"(?i)\b((?:password|passphrase|passwd|secret|token|pin|api[ _-]?key)\s(?:is|was)\s{1,4}[\"']?)"
    r"([^\s\"',;]{4,200})"
)
_OPTION: Final = re.compile(
    r"\b((?:(?:sshpass|mysql\w{0,10}|mariadb\w{0,10})\b[^\n]{0,100}?[\s\"']-p[\"']?,?\s{0,2}[\"']?"
    r"|redis-cli\b[^\n]{0,100}?[\s\"']-a[\"']?,?\s{0,2}[\"']?"
    r"|curl\b[^\n]{0,100}?[\s\"']-u[\"']?,?\s{0,2}[\"']?[^\s:\"',]{0,100}:))"
    r"([^\s\"',]{1,500})"
)


def scrubbed(text: str) -> str:
    """Mask what looks like a secret in a text that a program wrote: a log line, an error, a traceback."""
    low = text.lower()
    if may_have_form(low):
        text = without_logins(without_formats(text))
        low = text.lower()
    if _TOOLS.search(low):
        text = _OPTION.sub(rf"\1{MASK}", text)
        low = text.lower()
    if _MAY_NAME_ONE.search(low):  # most texts end here, at little cost
        text = _without_named(text, low)
    return _STATED.sub(_stated, text) if " is " in low or " was " in low else text


def _without_named(text: str, low: str) -> str:
    kept: list[str] = []
    copied = at = 0
    names, searched = (_NAMED, low) if len(low) == len(text) else (_ANY_CASE, text)
    while found := names.search(searched, at):
        start, end = _value_of(text, found)
        if end > start:
            kept += (text[copied:start], MASK)
            copied = end
        at = max(end, found.end())
    return "".join((*kept, text[copied:])) if kept else text


def _value_of(text: str, found: re.Match[str]) -> tuple[int, int]:
    """Return where the value of a name starts and ends; the same place twice, where there is no secret."""
    nothing = found.end(), found.end()
    begins = _start_of_name(text, found.start())
    name = text[begins : found.end("rest")]
    if not is_secret(name) or _NO_VALUE.match(text, found.end()):
        return nothing
    match found["is"]:
        case ":" if _OF_CODE.search(name) or (not found["close"] and _PROSE.match(text, found.end())):
            return nothing
        case "=" | "==" | ":=" | "=>" | "->" | ":":
            return nothing if _is_ordinary_key(text, begins, found) else _span(text, found.end(), name)
        case ">":
            is_element = text[begins - 1 : begins] == "<" and not found["close"]
            return (found.end(), _end_of_element(text, found.end())) if is_element else nothing
        case ",":
            return _listed(text, begins, found, name)
    is_option = name.startswith("-") and found["space"] and not _PROSE.match(text, found.end())
    is_option = is_option and text[found.end() : found.end() + 1] not in ("-", "")
    return _span(text, found.end(), name) if is_option else nothing


def _listed(text: str, begins: int, found: re.Match[str], name: str) -> tuple[int, int]:
    """Return the value that follows a quoted name and a comma: of an option, of a pair, under "value"."""
    nothing = found.end(), found.end()
    if not found["close"].endswith(('"', "'")):
        return nothing
    if name.startswith("-"):
        return _span(text, found.end(), name)
    if value := _VALUE.match(text, found.end()):
        return _span(text, value.end(), name)
    start, end = _span(text, found.end(), name)
    is_pair = _PAIR_OPENS.search(text, max(0, begins - 24), begins) and _PAIR_ENDS.match(text, end)
    return (start, end) if is_pair else nothing


def _span(text: str, start: int, name: str) -> tuple[int, int]:
    if _WHOLE_LINE.match(text, start):
        return start, end_of_line(text, start)
    if "cookie" in name.lower() and (cookies := _COOKIES.match(text, start)):
        return start, cookies.end()
    scheme = _SCHEME.match(text, start)
    return start, end_of_value(text, scheme.end() if scheme else start)


def _start_of_name(text: str, start: int) -> int:
    low = max(0, start - 60)
    while start > low and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
        start -= 1
    return start


def _is_ordinary_key(text: str, begins: int, found: re.Match[str]) -> bool:
    """Return whether this is a key of code, such as of a mapping or of ``sort(key=...)``."""
    name = text[begins : found.end("rest")].lower().strip("-")
    return name in ("key", "keys") and text[begins - 1 : begins] not in ("?", "&", ";")


def _end_of_element(text: str, start: int) -> int:
    end = text.find("<", start, end_of_line(text, start))
    return end_of_line(text, start) if end < 0 else end


def _stated(found: re.Match[str]) -> str:
    has_digit, has_letter = (any(map(is_one, found[2])) for is_one in (str.isdigit, str.isalpha))
    is_one = has_digit and (has_letter or "pin" in found[1].lower())
    return f"{found[1]}{MASK}" if is_one else found[0]
