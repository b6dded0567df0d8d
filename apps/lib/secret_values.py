"""Ends of values in a text: of literals, containers, calls and plain words, complete or cut.

Every step is linear: a text comes from anywhere, and a mask must not hold the processor.
"""

import re
from typing import Final

_LITERAL: Final = {
    quote: re.compile(rf"{quote}(?:[^{quote}\\\n]|\\.)*+{quote}", re.DOTALL) for quote in ('"', "'")
}
_IN_BRACKETS: Final = re.compile(r"""'(?:[^'\\\n]|\\.)*+'?|"(?:[^"\\\n]|\\.)*+"?|[\[\](){}]""", re.DOTALL)
_PREFIX: Final = re.compile(r"[bBuUrRfF]{1,2}(?=[\"'])")
_PLAIN: Final = re.compile(r"[^\s,;&)}\]\"'(\[{\\]++")
_BACKSLASHES: Final = re.compile(r"\\++")
_NEXT_LITERAL: Final = re.compile(r"\s{1,200}+(?:[bBuUrRfF]{1,2})?(?=[\"'])")  # pprint splits long ones
_ENDS: Final = frozenset(",;&)}]")


def end_of_value(text: str, start: int) -> int:
    """Return where the value that starts here ends; a cut one lasts to the end of its line or text."""
    at, is_literal = start, False
    while at < len(text):
        mark = text[at]
        if mark.isspace() or mark in _ENDS:
            following = _NEXT_LITERAL.match(text, at) if is_literal else None
            if following is None:
                break
            at = following.end()
        elif prefix := _PREFIX.match(text, at) if at == start else None:
            at = prefix.end()
        elif mark in "([{":
            at, is_literal = _end_of_brackets(text, at), False
        elif mark in "\"'\\":
            end = _end_of_quoted(text, at, is_first=is_literal or at == start or text[at - 1] in "bBuUrRfF")
            if end == at:
                break
            at, is_literal = end, True
        else:
            plain = _PLAIN.match(text, at)
            at, is_literal = (plain.end() if plain else at + 1), False
    return at


def end_of_line(text: str, start: int) -> int:
    """Return where the line ends."""
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _end_of_quoted(text: str, start: int, *, is_first: bool) -> int:
    """Return where a quoted part ends; its start, where the quotation mark closes what stands around."""
    run = _BACKSLASHES.match(text, start)
    opens = run.end() if run else start
    quote = text[opens : opens + 1]
    if quote not in _LITERAL:
        return opens
    if not is_first:
        return opens + 1 if text[opens + 1 : opens + 2].isalnum() and not run else start
    if run or text.startswith(quote * 3, opens):
        closing = text[start : opens + 1] if run else quote * 3
        limit = end_of_line(text, start) if run else len(text)
        end = text.find(closing, start + len(closing), limit)
        return limit if end < 0 else end + len(closing)
    literal = _LITERAL[quote].match(text, opens)
    return literal.end() if literal else end_of_line(text, opens)


def _end_of_brackets(text: str, start: int) -> int:
    depth = 0
    for part in _IN_BRACKETS.finditer(text, start):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(part[0], 0)
        if not depth:
            return part.end()
    return len(text)
