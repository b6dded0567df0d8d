"""Files and functions stay small enough to be read at once.

Softer limits are listed by `python -m tests.contracts.test_sizes`.
"""

from collections.abc import Iterator

from tests.contracts.tree import Function, code, functions, place, told

FILE, FUNCTION = 300, 50
SOFT_FILE, SOFT_FUNCTION = 150, 25
# What may be longer, and why. Keys are `path` or `path::function`.
EXCEPTIONS: dict[str, str] = {}


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
    faults = [sentence for key, sentence in _too_long() if key not in EXCEPTIONS]
    mend = "Split it by subject, or list it in EXCEPTIONS of this test with the reason."
    assert not faults, told(faults, mend)


def test_listed_exceptions_are_needed() -> None:
    idle = sorted(set(EXCEPTIONS) - {key for key, _ in _too_long()})
    assert not idle, told(idle, "Take these out of EXCEPTIONS: they are short enough, or gone.")


def _too_long() -> list[tuple[str, str]]:
    return [*_long_files(FILE), *_long_files(FILE, "tests"), *_long_functions(FUNCTION)]


if __name__ == "__main__":
    for _, sentence in [*_long_files(SOFT_FILE), *_long_functions(SOFT_FUNCTION)]:
        print(sentence)
