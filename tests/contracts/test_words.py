"""What must not stand in the project's files: one machine's paths, unfinished marks, empty words."""

import re
from pathlib import Path

from tests.contracts.tree import ROOT, files, place, told

ANYWHERE = {
    r"(?<![\w.])/(?:work|root|Users)/\w": "a path of one machine",
    r"\b(?:TODO|FIXME|XXX|HACK)\b": "an unfinished mark",
    r"^(?:<{7}|>{7}|={7})(?: |$)": "the mark of a merge",
}
FOR_PEOPLE = {
    r"/home/\w+/": "a path of one machine",
    r"(?i)\b(?:please|oops|sorry)\b": "a word that says nothing",
    r"(?i)\bsuccessfully\b": "a word that says nothing",
}
_LOCKS = (".lock", ".csv", ".xz", ".gz", ".png", ".svg", ".woff2", ".ico", ".xlsx")
_PEOPLE = (".html", ".md", ".py")


def test_no_file_holds_what_it_must_not() -> None:
    faults = []
    for path in files():
        if path.suffix in _LOCKS or path == Path(__file__) or "data" in path.relative_to(ROOT).parts:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        patterns = ANYWHERE | (FOR_PEOPLE if path.suffix in _PEOPLE and "tests" not in path.parts else {})
        for pattern, what in patterns.items():
            for found in re.finditer(pattern, text, re.MULTILINE):
                line = text.count("\n", 0, found.start()) + 1
                faults.append(f"{place(path, line)} holds {what}: {found.group()!r}.")
    assert not faults, told(faults, "Say it in words that hold for everybody who clones this.")
