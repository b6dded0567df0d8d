"""`jobs cancel`: named jobs at once; all that match a filter after a count."""

from argparse import ArgumentParser, Namespace

from apps.jobs.operating import cancel
from apps.jobs.operating.job_filter import JobFilter
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer
from apps.jobs.states import State

HELP = "Cancel jobs: those named, or with --yes all that match a filter."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("ids", nargs="*", type=shared.job_id, metavar="ID")
    shared.add_job_filter(parser)
    shared.add_going_ahead(parser, needs_reason=False)


def run(options: Namespace) -> Answer:
    """Cancel them, or count them first."""
    chosen = shared.job_filter(options, options.ids)
    shared.refuse_everything(chosen, JobFilter())
    if not options.ids and not options.yes:
        count = cancel.cancellable(chosen).jobs().count()
        return Answer(
            {"would_cancel": count, "done": False},
            f"{count} of {chosen} can be cancelled. Nothing was changed. Add --yes to cancel them.",
        )
    became = cancel.cancel(chosen, actor=None, reason=options.reason)
    cancelled, asked = became[State.CANCELLED], became[State.RUNNING]
    return Answer(
        {"cancelled": cancelled, "asked_to_stop": asked, "done": True},
        f"Cancelled: {cancelled}. Asked to stop: {asked}.",
    )
