"""manage.py effects: list and decide outside effects of which nobody knows whether they happened."""

from typing import ClassVar

from apps.jobs.shell import effect_happened, effect_undone, list_effects
from apps.jobs.shell.command import SubcommandsCommand


class Command(SubcommandsCommand):
    help = "List outside effects with an unknown outcome, and decide about them."
    subcommands: ClassVar = {"list": list_effects, "happened": effect_happened, "undone": effect_undone}
