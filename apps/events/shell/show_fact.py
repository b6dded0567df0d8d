"""`events show`: one fact, who emitted it, and the jobs that it started."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.events.models import Fact
from apps.events.shell.options import fact_id
from apps.jobs.kinds import arguments as job_arguments
from apps.jobs.shell.answer import Answer, facts, table

HELP = "Show one event and the jobs it started, secrets masked."
_HEADS = ("listener", "job_id", "at")


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("id", type=fact_id)


def run(options: Namespace) -> Answer:
    """Show it."""
    fact = Fact.objects.filter(pk=options.id).first()
    if fact is None:
        raise CommandError(f"There is no event {options.id}. Events are deleted after BACKLINE_EVENT_DAYS.")
    data = {
        "id": str(fact.pk),
        "event": fact.name,
        "emitted_at": fact.emitted_at,
        "data": job_arguments.masked(fact.data),
        "key": fact.key,
        "tenant": fact.tenant,
        "request_id": fact.request_id,
        "parent_id": fact.parent_id and str(fact.parent_id),
    }
    rows = [[one.kind, str(one.job_id), one.at] for one in fact.deliveries.all()]
    jobs = [dict(zip(_HEADS, row, strict=True)) for row in rows]
    text = f"{facts(data.items())}\n\n{table(_HEADS, rows) if rows else 'No listener.'}"
    return Answer(data | {"jobs": jobs}, text)
