"""The arrows in states.MOVES are exactly those that the SQL walks."""

import re
from collections.abc import Iterator

from apps.jobs.states import MOVES, State
from tests.contracts.test_state_writes import STATEMENTS

# Where the state comes as a parameter: what transitions.py passes.
PASSED = {
    "put_off": {State.RETRYING, State.SCHEDULED},
    "end_badly": {State.DEAD, State.CANCELLED},
}
_UPDATE = re.compile(
    r"UPDATE jobs_job(?: AS \w+)?\s+SET\s(?P<set>.*?)\sWHERE\s(?P<where>.*?)(?:RETURNING|\Z)", re.DOTALL
)
_ASSIGNED = re.compile(r"\bstate = (?P<value>CASE\b.*?\bEND\b|%\(state\)s|\d+)", re.DOTALL)
_FROM = re.compile(r"\bstate (?:IN \((?P<several>[\d, ]+)\)|= (?P<one>\d+))")
_FROM_TO = re.compile(r"WHEN state = (\d+) THEN (\d+)")
_TO = re.compile(r"(?:THEN|ELSE) (\d+|%\(state\)s)")


def test_every_arrow_is_walked_and_no_other() -> None:
    walked = {arrow for path in STATEMENTS.glob("*.sql") for arrow in _arrows(path.stem, path.read_text())}
    unknown, unwalked = walked - set(MOVES), set(MOVES) - walked
    assert not unknown, f"The SQL walks {_named(unknown)}. Add each to MOVES in states.py with its sentence."
    assert not unwalked, f"No SQL walks {_named(unwalked)}. Take it out of MOVES, or write its statement."


def test_every_arrow_has_a_sentence() -> None:
    for arrow, sentence in MOVES.items():
        assert re.match(r"[a-z ]+: \w", sentence), f"{_named({arrow})}: say 'verb: when, and who does it'."


def test_a_job_starts_where_enqueue_puts_it() -> None:
    text = (STATEMENTS / "enqueue.sql").read_text()
    made = {State(int(state)) for state in re.findall(r"(?:THEN|ELSE) (\d+)", text)}
    assert made == {State.SCHEDULED, State.READY, State.QUEUED}
    assert made | {to for _, to in MOVES} == set(State), "There is a state that no job can reach."


def _arrows(name: str, text: str) -> Iterator[tuple[State, State]]:
    statement = re.sub(r"--[^\n]*", "", text)
    for update in _UPDATE.finditer(statement):
        assigned = _ASSIGNED.search(update["set"])
        if assigned is None:
            continue
        named = dict(_FROM_TO.findall(assigned["value"]))
        for start in _starts(update["where"]):
            if str(start.value) in named:
                ends = {State(int(named[str(start.value)]))}
            else:
                ends = _ends(name, _FROM_TO.sub("", assigned["value"]))
            yield from ((start, end) for end in ends if end != start)


def _starts(where: str) -> set[State]:
    numbers = (found["several"] or found["one"] for found in _FROM.finditer(where))
    return {State(int(number)) for several in numbers for number in several.split(",")}


def _ends(name: str, value: str) -> set[State]:
    texts = _TO.findall(value) if value.startswith("CASE") else [value]
    ends: set[State] = set()
    for text in texts:
        ends |= {State(int(text))} if text.isdigit() else PASSED[name]
    return ends


def _named(arrows: set[tuple[State, State]]) -> str:
    return ", ".join(sorted(f"{start.label} to {end.label}" for start, end in arrows))
