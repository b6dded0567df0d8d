"""A planted secret survives in no rendering of a value; everyday texts stay as they are."""

import json
import logging
import pprint
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.lib.log_lines import OneLine
from apps.lib.redact import masked, scrubbed, shortened

PLANTED = "hunter2"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEhunter2aa\nbbbb\n-----END RSA PRIVATE KEY-----"
BASIC = "YW5uOmh1bnRlcjI="  # ann:hunter2
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.aGh1bnRlcjI"
LEAKS = [
    "{'password': b'hunter2'}",
    "{'password': u'hunter2', 'n': 1}",
    "password=b'hunter2', n=1",
    "Config(password=SecretStr('hunter2'), n=1)",
    "Config(token=Secret(value='hunter2', n=(1, 2)), n=1)",
    "[('password', 'hunter2'), ('n', 1)]",
    '["token","hunter2"]',
    "[(b'authorization', b'hunter2'), (b'host', b'x')]",
    "('password', 'hunt' 'hunter2')",
    "('password', 'hunter2",
    '{"name": "DB_PASSWORD", "value": "hunter2"}',
    "{\\'password\\': \\'hunter2\\'}",
    '"{\\"password\\": \\"hunter2\\"}"',
    '"{\\\\\\"password\\\\\\": \\\\\\"hunter2\\\\\\"}"',
    '{"a": "{\\"tokens\\": [\\"x\\", \\"hunter2\\"]}"}',
    "sent with Bearer hunter2abcdef",
    "psql --password hunter2 -h db",
    "psql --password=hunter2 -h db",
    "Command '['psql', '--password', 'hunter2', '-h', 'db']' returned 1",
    "mysqldump -u root -phunter2 shop",
    "Command '['mysql', '-phunter2', 'shop']' returned 1",
    "sshpass -p hunter2 ssh web",
    "redis-cli -h x -a hunter2 ping",
    "curl -u ann:hunter2 http://x",
    "the password is hunter2",
    "my PIN was 'hunter2'",
    "<password>hunter2</password>",
    "password => hunter2",
    "password := 'hunter2'",
    'password="""hunter2"""',
    "password='x hunter2' 'hunter2'",
    "password={'a': [1, {'b': 'x'}], 'c': 'hunter2'}",
    "password={\n  'a': {\n    'b': 'hunter2'\n  }\n}",
    "tokens=('a',\n  'hunter2')",
    "Cookie: theme=dark; sid=hunter2; a=b",
    'Authorization: Digest username="ann", response="hunter2"',
    "ann:hunter2@db.example",
    "https://ann:hunter2@db.example/x",
    PEM,
    repr(PEM),
    PEM[:60],
    "İ PASSWORD=hunter2",
    "customer_pin: hunter2",
]
FORMS = [
    f"Basic {BASIC}",
    JWT,
    f"x {JWT[:40]}",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "glpat-abcdefghij0123456789",
    "xoxb-1234567890-abcdefghij",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "sk-ant-api03-abcdefghijklmnopqrstuv",
    "pbkdf2_sha256$870000$abcdefgh$ijklmnopqrstuvwxyz=",
    "$2b$12$abcdefghijklmnopqrstuvabcdefghijklmnopqrstuv",
]
EVERYDAY = [
    "the password form",
    "token bucket",
    "author: Smith",
    "monkey=3",
    "keyboard",
    "keyboard: us",
    "donkey: 4",
    "turkey=12 kg",
    "keyword=summer",
    "secretary: Ann",
    "tokenizer: bert",
    "shipping: 5 EUR",
    "opinion=good",
    "compass: north",
    "passenger: Smith",
    "spinning=no",
    "design: blue",
    "a passing test",
    "bypassed: 3 rows",
    "the token was wrong",
    "the password is wrong",
    "the password was changed",
    "your password is too short",
    "Password: must have 8 characters",
    "Password: required",
    "password=None",
    "'token': None, 'n': 1",
    "pin the version",
    "pin 3 messages",
    "12 rows of keys.csv",
    "KeyError: 'name'",
    "InvalidTokenError: Signature has expired",
    "django.core.exceptions.PasswordMismatch: try again",
    "TokenExpired: log in again",
    "tests/test_token.py:12",
    "secrets.json: no such file",
    "rows.sort(key=len)",
    "sorted(rows, key=itemgetter(1))",
    "primary_key=7",
    "routing_key=orders",
    "{'key': 'value'}",
    "missing fields: ['password', 'email', 'name']",
    "('password', 'email', 'name')",
    "see --password for details",
    "mkdir -p out",
    "psql -p 5432 -h db",
    "docker run -p 80:80 web",
    "basic training",
    "Basic English course",
    "the bearer of bad news",
    "bearer certificates",
    "mailto:ann@example.org",
    "write to ann@example.org or bob@example.org",
    "at 12:30 ann@host wrote",
    "http://host:80/a@b",
    "https://example.org/reset-password?step=2",
    "price: $2.50, was $3",
    "session 5 of 12 ended",
    "cookies and cream",
    "authors=Smith, Jones",
    "signal: 9",
    "assign: 4",
    "1 of 3 secrets read",
    "the key turned",
    "task-1234 of job 0193f0a2-7c1e-7b3a-9d7e-1c2d3e4f5a6b",
    "if a < b -> c",
    "authentication failed for user ann",
    "basket-10 is full",
]

# Ways in which programs write a value; each is given a secret.
ONE_LINE: list[Callable[[str], str]] = [
    lambda one: repr({"password": one}),
    lambda one: repr({"a": [{"token": (one, 1)}], "n": 2}),
    lambda one: repr({"password": one.encode()}),
    lambda one: repr([("password", one), ("n", 1)]),
    lambda one: repr(["token", one.encode()]),
    lambda one: repr(Login("ann", one)),
    lambda one: str(ValueError({"secret": one})),
    lambda one: json.dumps({"password": one}),
    lambda one: json.dumps({"body": json.dumps({"api_key": one, "n": 1})}),
    lambda one: json.dumps({"tokens": {"a": {"b": [one, one]}}}, indent=2),
    lambda one: json.dumps({"password": one}, ensure_ascii=False),
    lambda one: pprint.pformat({"password": one, "n": list(range(40))}, width=30),
    lambda one: pprint.pformat(Login("ann", one), width=20),
    lambda one: pprint.pformat([{"credentials": [one, {"x": one}]}], width=20),
    lambda one: f"password={one!r} and more",
    lambda one: "token: %r" % one,  # noqa: UP031  # the way of logging
    lambda one: repr(repr({"password": one})),
]


@dataclass
class Login:
    """A value whose text holds a secret."""

    user: str
    password: str


def survives(secret: str, text: str) -> bool:
    """Return whether a text holds a secret, as it is or as Python or JSON write it."""
    written = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], repr(secret.encode())[2:-1]}
    return any(one in text for one in written)


secrets = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=8)
marked = secrets.map(lambda one: f"Q7x{one}x7Q")
plain = st.text("abcXYZ019!#%*+-/:?^_~|", min_size=1, max_size=30).map(lambda one: f"Q7x{one}x7Q")


@pytest.mark.parametrize("text", LEAKS)
def test_secret_is_masked(text: str) -> None:
    assert PLANTED not in scrubbed(text)
    assert "***" in scrubbed(text)


@pytest.mark.parametrize("text", FORMS)
def test_form_of_a_secret_is_enough(text: str) -> None:
    assert scrubbed(f"read {text} here").removeprefix("read ").removesuffix(" here") in (
        "***",
        "Basic ***",
        "x ***",
    )


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_text_stays_as_it_is(text: str) -> None:
    assert scrubbed(text) == text
    assert scrubbed(f"INFO {text}, done") == f"INFO {text}, done"


@pytest.mark.parametrize("render", ONE_LINE)
@settings(max_examples=60)
@given(secret=marked)
@example(secret="Q7x'\"\\'x7Q")
@example(secret="Q7x{[(\\)]}x7Q")
def test_planted_secret_survives_in_no_rendering(render: Callable[[str], str], secret: str) -> None:
    assert not survives(secret, scrubbed(render(secret)))
    assert "Q7x" not in scrubbed(render(secret))


@given(secret=plain)
def test_planted_secret_survives_in_no_plain_text(secret: str) -> None:
    for text in (f"password={secret} n=1", f"token: {secret}, n", f"--password {secret} -h x"):
        assert "Q7x" not in scrubbed(text)


@settings(max_examples=60)
@given(secret=plain, at=st.integers(0, 400), longest=st.integers(4, 300))
def test_no_cut_shows_a_part_of_a_secret(secret: str, at: int, longest: int) -> None:
    text = "x" * at + f" {{'password': '{secret}', 'n': 1}} " + "y" * 300
    shown = shortened(text, longest)
    assert "Q7x" not in shown
    assert "x7Q" not in shown
    assert "Q7x" not in scrubbed(text[: at + longest])


@given(secret=marked)
def test_tracebacks_and_log_lines_hold_no_planted_secret(secret: str) -> None:
    try:
        raise ValueError({"password": secret}) from KeyError(f"token={secret!r}")
    except ValueError as error:
        told = "".join(traceback.format_exception(error))
        record = logging.LogRecord(
            "x", 40, "x", 1, "failed: %s %r", ({"secret": secret}, Login("a", secret)), sys.exc_info()
        )
    assert not survives(secret, scrubbed(told))
    assert not survives(secret, OneLine().format(record))


@given(secret=marked)
def test_planted_secret_survives_in_no_value(secret: str) -> None:
    value = {
        "pairs": [("password", secret), ["token", secret]],
        "env": [{"name": "DB_PASSWORD", "value": secret}],
        "nested": {"tokens": {"a": secret}},
        "object": Login("ann", secret),
        "bytes": repr({"password": secret}).encode(),
        "text": json.dumps({"password": secret}),
    }
    assert not survives(secret, repr(masked(value)))


@pytest.mark.parametrize(
    "piece",
    [
        "a:b:",
        "://a:",
        "password='",
        'password=\\"',
        "password=(\n",
        "password={",
        "('password', '",
        "--password ",
        "mysql -p",
        "Bearer ",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ-",
        "password is ",
        "cookie: a=b;",
        "\\",
        '"\\',
        "$2a$",
    ],
)
def test_megabyte_of_hostile_text_takes_seconds_at_most(piece: str) -> None:
    text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000] + "@h"
    began = process_time()
    scrubbed(text)
    assert process_time() - began < 30  # linear: about one; quadratic: hours
