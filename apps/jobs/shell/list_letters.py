"""`dead_letters list`: dead letters that fit, the last to die first."""

from argparse import ArgumentParser, Namespace

from apps.jobs.models.dead_letter import DeadLetter
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, table
from apps.jobs.shell.letter_options import add_letter_filter

HELP = "List open dead letters, the latest first."
_FIELDS = ("job_id", "kind", "died_at", "tenant", "fingerprint", "message")


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    add_letter_filter(parser)
    parser.add_argument("--limit", type=shared.how_many, default=20, help="how many at most (20)")


def run(options: Namespace) -> Answer:
    """List them."""
    chosen = shared.letter_filter(options)
    letters = list(chosen.letters().order_by("-died_at")[: options.limit])
    text = table(_FIELDS, (_row(letter) for letter in letters)) if letters else "No dead letter matches."
    return Answer(
        {"dead_letters": [dict(zip(_FIELDS, _row(letter), strict=True)) for letter in letters]},
        text,
    )


def _row(letter: DeadLetter) -> list[object]:
    return [getattr(letter, name) for name in _FIELDS]
