"""Options by which dead letters are chosen."""

from argparse import ArgumentParser

from apps.jobs.shell import options as shared


def add_letter_filter(parser: ArgumentParser) -> None:
    """Add what dead letters are chosen by."""
    shared.add_filter(parser)
    parser.add_argument(
        "--discarded", action="store_true", help="those that were given up, not the open ones"
    )
