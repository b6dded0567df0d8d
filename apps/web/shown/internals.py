"""Internals of the program: tracebacks, SQL, paths and addresses, which only the staff may read.

A text of a job comes from its code, which may put an exception into a log line, a note or a result.
"""

import re
import sys
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Final

from django.conf import settings

from apps.lib.redact import scrubbed

HIDDEN: Final = "(Details are for administrators.)"

# A line may end as "\n" written out: log lines and reprs escape it.
_BEGINS: Final = re.compile(
    r"""(?x)
    (?: ^ | \n | (?:\\{1,4}[nrt]){1,8}+ | ["'(\[:=-](?![ \t]{0,9}\n) | (?<=\s) ) [\s|+>'"]{0,80}+ (?:
        (?:Exception\ Group\ )?(?:Traceback|Stack|Thread\ \w{1,40}|Current\ thread\ \w{1,40})
            \ \(most\ recent\ call\ (?:first|last)\)
      | During\ handling\ of\ the\ above\ exception
      | The\ above\ exception\ was\ the\ direct\ cause
      | File\ \\{0,4}"[^"\n]{1,400}",\ line\ \d
      | (?:DETAIL|CONTEXT|QUERY|STATEMENT|LINE\ \d{1,6}):\s
      | Key\ \([^)\n]{1,200}\)=\( | Failing\ row\ contains\ \(
      | \[(?:SQL|parameters):
    )"""
)
_STATEMENT: Final = re.compile(
    r"\b(?:SELECT\s[^\n]{1,1000}?\sFROM|INSERT\sINTO|MERGE\sINTO|DELETE\sFROM|UPDATE\s[^\s]{1,100}\sSET"
    r"|WITH\s(?:RECURSIVE\s)?[\w\"]{1,70}\sAS\s\(|COPY\s[^\n]{1,1000}?\s(?:FROM|TO)"
    r"|(?:ALTER|CREATE|DROP|LOCK|TRUNCATE)\sTABLE)\s?[^\n]*"
)
_ADDRESS: Final = re.compile(
    r"\b(?:postgres(?:ql)?|psql|mysql|mariadb|rediss?|amqps?|sentinel|mongodb|memcached?|sqlite|ldaps?|smtps?)"
    r"(?:\+\w{1,20})?://[^\s'\"<>)\]]*"
)
_SERVER: Final = re.compile(
    r"connection to server (?:at|on socket) \"[^\"\n]{1,300}\"(?: \([^)\n]{1,100}\))?(?:, port \d{1,5})?"
)
_HOST: Final = re.compile(
    r"(?<=connecting to )[^\s,;]{1,300}:\d{1,5}|(?<=host name )\"[^\"\n]{1,300}\""
    r"|\bHTTPS?ConnectionPool\([^)\n]{1,300}\)|(?<=Connect call failed )\([^)\n]{1,300}\)"
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}\b"
)
_ROOTS: Final = (
    "home|root|app|apps|usr|opt|var|srv|tmp|etc|work|mnt|media|data|private|Users|Library|code|src|builds?"
    "|workspace|proc|run|sys|dev|lib|bin|nix|venv|site-packages"
)
_PLACE: Final = r"[^\s'\"<>:,;()\[\]{}|]"  # a character of a path
_FOLDER: Final = r"[^\s'\"<>:,;()\[\]{}|/]"
_CODE: Final = r"\.(?:py[cx]?|so|sql|html|toml|ya?ml|cfg|conf|ini|env|log|pem|key|crt|sock|sh)\b"
_PACKAGES: Final = re.compile(r"[^\s'\"<>:,;()]{0,300}\b(?:site|dist)-packages[/\\]([^\s'\"<>:,;()]*)")


def for_people(text: str, *, instead: str = HIDDEN) -> str:
    """Return a text without internals; ``instead``, where nothing else is left of it."""
    if not text:
        return text
    begins = _BEGINS.search(text)
    seen = text[: begins.start()].rstrip(" \t\r\n|+-:=([") if begins else text
    return _without_places(scrubbed(seen)) if seen.strip() or not begins else instead


def values_for_people(value: object) -> object:
    """Return a JSON value whose texts are without internals."""
    match value:
        case str():
            return for_people(value)
        case Mapping():
            return _named(value)
        case list():
            return [values_for_people(one) for one in value]
    return value


def begins_traceback(text: str) -> bool:
    """Return whether nothing but internals is in a line of a log."""
    begins = _BEGINS.search(text)
    return begins is not None and not text[: begins.start()].strip()


def _without_places(text: str) -> str:
    text = _HOST.sub("(address)", _STATEMENT.sub(HIDDEN, text))
    if "://" in text:
        text = _ADDRESS.sub("(address)", text)
    text = _SERVER.sub("connection to server", text)
    if "-packages" in text:
        text = _PACKAGES.sub(lambda found: _name_of(found[1]), text)
    return _path().sub(lambda found: _name_of(found["inner"]), text) if "/" in text or "\\" in text else text


@cache
def own_roots() -> frozenset[str]:
    """Return the first folders of the directories in which this installation keeps code and files."""
    kept = (settings.BASE_DIR, settings.BACKLINE_UPLOADS_DIR, settings.BACKLINE_ARTIFACTS_DIR)
    folders = [Path(str(folder)) for folder in (*kept, sys.prefix, gettempdir())]
    return frozenset(folder.parts[1] for folder in folders if len(folder.parts) > 1)


def _path() -> re.Pattern[str]:
    return _path_below("|".join((_ROOTS, *map(re.escape, sorted(own_roots())))))


@cache
def _path_below(roots: str) -> re.Pattern[str]:
    """Return the pattern of paths: below these folders, of a home or a drive, and of code anywhere."""
    return re.compile(
        rf"(?<![\w/.~-])(?:file://)?(?:~[\w-]{{0,40}}/|/(?:{roots})/|[A-Za-z]:(?:\\{{1,4}}|/)(?=\w)"
        rf"|\\\\(?=\w)|(?=/{_FOLDER}{{1,255}}/{_PLACE}{{0,1000}}{_CODE}))(?P<inner>{_PLACE}*)"
    )


def _named(value: Mapping[object, object]) -> dict[str, object]:
    """Return a mapping whose names are without internals; those that became alike are numbered."""
    seen: dict[str, object] = {}
    alike: Counter[str] = Counter()
    for name, one in value.items():
        shown = for_people(str(name))
        alike[shown] += 1
        while (free := shown if alike[shown] == 1 else f"{shown} ({alike[shown]})") in seen:
            alike[shown] += 1
        seen[free] = values_for_people(one)
    return seen


def _name_of(path: str) -> str:
    """Return a path as the name of its file only."""
    return "…/" + re.split(r"[/\\]", path)[-1]
