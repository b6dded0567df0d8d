"""`dead_letters groups`: what goes wrong, the most frequent first."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from apps.jobs.operating import dead_letters
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, table
from apps.jobs.shell.letter_options import add_letter_filter

HELP = "Group dead letters by cause, the most frequent first."
_HEADS = ("letters", "tenants", "kind", "first", "last", "fingerprint")


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    add_letter_filter(parser)
    parser.add_argument("--limit", type=shared.how_many, default=20, help="how many at most (20)")


def run(options: Namespace) -> Answer:
    """Group them."""
    groups = dead_letters.groups(shared.letter_filter(options), most=options.limit)
    rows = (
        (group.letters, group.tenants, group.kind, group.first_at, group.last_at, group.fingerprint)
        for group in groups
    )
    text = table(_HEADS, rows) if groups else "No dead letter matches."
    return Answer({"groups": [asdict(group) for group in groups]}, text)
