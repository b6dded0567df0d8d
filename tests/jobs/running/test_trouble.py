"""What the ledger keeps of an exception: enough to mend it, no secrets, within bounds, always storable."""

import importlib
import json

import pytest

from apps.jobs.running.trouble import describe


def _caught(error: BaseException) -> BaseException:
    secret = "hunter2"  # a local variable, which no traceback may show
    try:
        assert secret
        raise error
    except type(error) as caught:
        return caught


def test_type_sentence_and_traceback_are_kept() -> None:
    story = describe(_caught(ValueError("row 7 is short")))
    assert (story.error_type, story.message) == ("ValueError", "row 7 is short")
    assert story.traceback.startswith("Traceback")
    assert story.traceback.rstrip().endswith("ValueError: row 7 is short")


def test_an_error_without_a_sentence_is_told_by_its_name() -> None:
    assert describe(_caught(KeyboardInterrupt())).message == "KeyboardInterrupt"


def test_local_variables_are_not_kept() -> None:
    assert "hunter2" not in describe(_caught(ValueError("x"))).traceback.replace('"hunter2"  # a local', "")


def test_the_same_fault_has_the_same_fingerprint_whatever_its_sentence() -> None:
    prints = {describe(_caught(ValueError(f"row {n}"))).fingerprint for n in range(3)}
    assert prints == {"ValueError in tests/jobs/running/test_trouble.py:_caught"}


def test_the_fingerprint_names_our_code_though_a_library_raised() -> None:
    def ours() -> None:
        json.loads("{")

    with pytest.raises(ValueError) as caught:  # noqa: PT011  # its place matters, not its words
        ours()
    assert describe(caught.value).fingerprint == "JSONDecodeError in tests/jobs/running/test_trouble.py:ours"


def test_an_error_from_nowhere_of_ours_has_a_fingerprint_too() -> None:
    assert describe(ValueError("never raised")).fingerprint == "ValueError in unknown place"


def test_the_cause_is_told() -> None:
    def parse() -> None:
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("no number") from error

    with pytest.raises(RuntimeError) as caught:
        parse()
    assert "invalid literal for int()" in describe(caught.value).traceback


@pytest.mark.parametrize("text", ["nul \x00 byte", "half \ud800 pair", "\udcff" * 10], ids=ascii)
def test_what_postgresql_cannot_store_is_replaced(text: str) -> None:
    story = describe(_caught(ValueError(text)))
    for kept in (story.message, story.traceback):
        assert "\x00" not in kept
        assert kept.encode()


def test_a_huge_error_is_cut_in_the_middle() -> None:
    story = describe(_caught(ValueError("begin " + "x" * 1_000_000 + " end")))
    assert len(story.message) < 2_100
    assert len(story.traceback) < 20_100
    assert story.message.startswith("begin ")
    assert story.message.endswith(" end")


def test_an_exception_that_cannot_be_told_is_told_all_the_same() -> None:
    class HostileError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even this")

    story = describe(_caught(HostileError()))
    assert story.error_type == "HostileError"
    assert story.message


def test_an_endless_recursion_is_told() -> None:
    def deeper() -> None:
        deeper()

    with pytest.raises(RecursionError) as caught:
        deeper()
    story = describe(caught.value)
    assert story.fingerprint == "RecursionError in tests/jobs/running/test_trouble.py:deeper"
    assert len(story.traceback) < 20_100


def test_a_syntax_error_in_somebody_s_module_is_told(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (importlib.import_module("pathlib").Path(str(tmp_path)) / "broken_module_x.py").write_text("def (:\n")
    with pytest.raises(SyntaxError) as caught:
        importlib.import_module("broken_module_x")
    assert describe(caught.value).error_type == "SyntaxError"


@pytest.mark.parametrize("offset", range(0, 40, 3))
@pytest.mark.parametrize("longest", [2000, 20_000])
def test_secrets_are_masked_before_a_long_text_is_cut(offset: int, longest: int) -> None:
    """A cut between a name and its value, or within the value, would leave a part of it."""
    half = longest // 2
    before = f"{'x' * (half - 30 + offset)} password='hunter2hunter2hunter2' {'y' * longest}"
    after = f"{'y' * longest} password='hunter2hunter2hunter2' {'x' * (half - 30 + offset)}"
    for text in (before, after):
        story = describe(_caught(ValueError(text)))
        kept = (story.message + story.traceback).replace('"hunter2"  # a local', "")
        assert "unter2" not in kept
        assert "hunt" not in kept
