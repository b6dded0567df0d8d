"""`jobs enqueue`: start a job by hand."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from django.core.management.base import CommandError
from django.db import transaction

from apps.jobs import registry
from apps.jobs.operating import actions
from apps.jobs.origin import current
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer

HELP = "Start a job: enqueue KIND --args '{\"name\": 1}'."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("kind")
    parser.add_argument(
        "--args", dest="named", type=shared.json_object, default={}, metavar="JSON", help="named arguments"
    )
    parser.add_argument("--queue", help="instead of the kind's own")
    parser.add_argument("--priority", type=int, help="0 goes first; one step yields to ten minutes of age")
    parser.add_argument("--countdown", type=float, metavar="SECONDS", help="not before")
    parser.add_argument("--subject", default="", help="what it is about, in plain words")


def run(options: Namespace) -> Answer:
    """Start it."""
    given = {name: getattr(options, name) for name in ("queue", "priority", "countdown")}
    asking = replace(current(), trigger="shell", subject=options.subject)
    try:
        with transaction.atomic():
            job_id = registry.get(options.kind).enqueue((), options.named, asking, **given)
            actions.record("enqueue", f"job {job_id}", actor=None, details={"kind": options.kind})
    except (registry.UnknownKind, TypeError, ValueError) as error:
        raise CommandError(str(error)) from error
    return Answer({"id": job_id, "kind": options.kind}, str(job_id))
