"""Texts of plain tasks' calls and results, as logs, events and Flower show them."""

import pytest

from apps.jobs.plain_calls import masked_text, masked_texts


def login(user: str, password: str, at: object) -> None: ...


def add(a: int, b: int) -> None: ...


@pytest.mark.parametrize("name", ["otp", "jwt", "signature", "sessionid", "pw", "cvv", "auth", "creds"])
def test_result_hides_a_secret_by_its_name(name: str) -> None:
    shown = masked_text(repr({name: "hunter2", "n": 1}))
    assert "hunter2" not in shown
    assert "'n': 1" in shown


@pytest.mark.parametrize(
    "args",
    [
        "('bob', 'hunter2', datetime.datetime(2026, 1, 1))",
        "('bob', 'hunter2', 'cut off...",
        "['hunter2', <X>]",
    ],
)
def test_unreadable_arguments_are_hidden_where_one_of_them_is_secret(args: str) -> None:
    assert masked_texts(login, args, "{}") == ("***", "{}")


def test_unreadable_arguments_without_a_secret_stay() -> None:
    assert masked_texts(add, "(1, <object>)", "{}") == ("(1, <object>)", "{}")
    assert masked_texts(login, "()", "{}") == ("()", "{}")


def test_unreadable_keywords_hide_what_they_name() -> None:
    _, shown = masked_texts(add, "()", "{'pw': 'hunter2', 'at': datetime.datetime(2026, 1, 1)}")
    assert "hunter2" not in shown
