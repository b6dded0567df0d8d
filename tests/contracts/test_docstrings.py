"""Every module and public function says what it is for: one sentence, in the imperative for functions."""

import ast
import re

from tests.contracts.tree import Function, code, files, functions, parsed, place, told

# Words that end in s and are no third person.
IMPERATIVE = {"address", "bypass", "dismiss", "express", "pass", "press", "process", "unless"}


def test_every_module_has_a_docstring() -> None:
    faults = [
        place(path)
        for path in code()
        if not ast.get_docstring(parsed(path))
        and path.read_text(encoding="utf-8").strip()
        and "commands" not in path.parts
    ]
    assert not faults, told(faults, "Begin the file with what it is, who calls it and what must stay true.")


def test_public_functions_begin_with_an_imperative_sentence() -> None:
    faults = []
    for path in code():
        for function in functions(path):
            if function.name.startswith("_") or not (text := ast.get_docstring(function)):
                continue
            first = re.split(r"(?<=[.:])\s", " ".join(text.split("\n\n")[0].split()))[0]
            word = re.split(r"\W", first)[0].lower()
            if first[-1] not in ".:" or _third_person(word):
                faults.append(f"{place(path, function.lineno)} {first!r}")
    assert not faults, told(
        faults, "Begin with one sentence in the imperative, such as: Return the next moment."
    )


def _third_person(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss") and word not in IMPERATIVE


def test_the_finder_finds_functions() -> None:
    assert any(isinstance(function, Function) for path in files(".py") for function in functions(path))
