"""manage.py events: list and show facts, and replay them to a listener."""

from typing import ClassVar

from apps.events.shell import list_facts, replay_facts, show_fact
from apps.jobs.shell.command import SubcommandsCommand


class Command(SubcommandsCommand):
    help = "List and show events, and replay them to a listener."
    subcommands: ClassVar = {"list": list_facts, "show": show_fact, "replay": replay_facts}
