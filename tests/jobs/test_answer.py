"""What commands print cannot steer the terminal, nor look like something else that they print."""

import json

from apps.jobs.shell.answer import Answer, facts, table

HOSTILE = "x\nstate    succeeded \x1b[31m\x9b2J\u202e\u2028end"


def test_a_fact_with_line_breaks_stays_under_its_name() -> None:
    assert facts([("reason", HOSTILE), ("state", "dead")]).splitlines() == [
        "reason  x",
        "        state    succeeded ?[31m?2J??end",
        "state   dead",
    ]


def test_a_cell_is_one_line_without_control_characters() -> None:
    [_, row] = table(["REASON"], [[HOSTILE]]).splitlines()
    assert row == "x state succeeded ?[31m?2J??end"


def test_json_escapes_what_steers_a_terminal_and_stays_the_same_json() -> None:
    printed = Answer({"reason": HOSTILE, "name": "Zoë 漢"}, "").as_json()
    assert json.loads(printed) == {"reason": HOSTILE, "name": "Zoë 漢"}
    assert "Zoë 漢" in printed
    assert not [letter for letter in printed if not letter.isprintable() and letter != "\n"]
