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
# Phrases that people did not understand, each with the one that replaced it.
ON_PAGES = {
    "How its letters are written": "Text encoding",
    "Start something": "Start a job",
    "This is not yours to do": "You do not have permission",
    "not on the line": "Page not found",
    "The line is empty": "No jobs yet",
    "Mend ": "Fix or Correct",
    "start a new life": "The jobs are queued again",
    "So many first": "Run this many first",
    "So many, from": "Every N units",
    "Leave it<": "Back",
    "Let it run": "Keep running",
    "says again what it said": "was rolled back to",
    "The way back": "Roll back",
    '"its story"': "related",
    "Recalled from the broker": "Queue paused",
    "Nothing new of it will start": "No new jobs will start",
    "Beside its moments": "Runs once now, as you",
    "A past one runs": "A time in the past runs immediately",
    "Head of the line": "Oldest waiting",
    "You do not get it": "You are not subscribed",
    "there already": "unchanged",
    "a second lately": "now",
    "planted mistakes": "Sample CSV (with errors)",
    "min break": "5-minute lock",
    ".capitalize()": "words.sentence_case: the other letters may be a name",
    ".title()": "words.sentence_case",
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


def test_no_page_uses_a_phrase_that_was_replaced() -> None:
    faults = []
    for path in files():
        if path.suffix not in (".html", ".py", ".js") or "tests" in path.parts or "migrations" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        for old, new in ON_PAGES.items():
            for found in re.finditer(re.escape(old), text):
                line = text.count("\n", 0, found.start()) + 1
                faults.append(f"{place(path, line)} says {old!r}. Write {new!r}.")
    assert not faults, told(faults, "Use common words: what a person can do, or what happened.")
