"""manage.py dead_letters: list, group, show, replay and discard dead letters."""

from typing import ClassVar

from apps.jobs.shell import (
    discard_letters,
    group_letters,
    list_letters,
    list_replays,
    replay_letters,
    show_letter,
    stop_replay,
)
from apps.jobs.shell.command import SubcommandsCommand


class Command(SubcommandsCommand):
    help = "List, group, show, replay and discard dead letters; list and stop replays."
    subcommands: ClassVar = {
        "list": list_letters,
        "groups": group_letters,
        "show": show_letter,
        "replay": replay_letters,
        "discard": discard_letters,
        "replays": list_replays,
        "stop": stop_replay,
    }
