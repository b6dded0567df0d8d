"""Files and functions stay small enough to be read at once.

Softer limits are listed by `python -m tests.contracts.test_sizes`.
"""

from collections.abc import Iterator
from pathlib import Path

from tests.contracts.tree import ROOT, Function, code, functions, place, told

FILE, FUNCTION = 300, 50
SOFT_FILE, SOFT_FUNCTION = 150, 25
# What may be longer, and why. Keys are `path` or `path::function`.
EXCEPTIONS: dict[str, str] = {
    "config/settings.py": "one flat file of settings is easier to search than several",
}


def _long_files(limit: int, *folders: str) -> Iterator[tuple[str, str]]:
    for path in code(*folders):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit:
            yield place(path), f"{place(path)} has {lines} lines, more than {limit}."


def _long_functions(limit: int, *folders: str) -> Iterator[tuple[str, str]]:
    for path in code(*folders):
        for function in functions(path):
            lines = _length(function)
            if lines > limit:
                where = place(path, function.lineno)
                yield (
                    f"{place(path)}::{function.name}",
                    f"{where} {function.name} has {lines} lines, more than {limit}.",
                )


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_no_file_and_no_function_is_too_long() -> None:
    found = [*_long_files(FILE), *_long_files(FILE, "tests"), *_long_functions(FUNCTION)]
    faults = [sentence for key, sentence in found if key not in EXCEPTIONS]
    assert not faults, told(
        faults, "Split it by subject, or list it in EXCEPTIONS of this test with the reason."
    )


def test_listed_exceptions_still_exist() -> None:
    gone = [key for key in EXCEPTIONS if not Path(ROOT / key.partition("::")[0]).exists()]
    assert not gone, told(gone, "Take these out of EXCEPTIONS: the files are gone.")


if __name__ == "__main__":
    for _, sentence in [*_long_files(SOFT_FILE), *_long_functions(SOFT_FUNCTION)]:
        print(sentence)
