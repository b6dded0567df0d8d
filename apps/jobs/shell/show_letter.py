"""`dead_letters show`: the evidence of one dead job, secrets masked."""

from argparse import ArgumentParser, Namespace

from django.core.management.base import CommandError

from apps.jobs.kinds import arguments as job_arguments
from apps.jobs.models import DeadLetter, Replayed
from apps.jobs.shell import options as shared
from apps.jobs.shell.answer import Answer, facts, safe

HELP = "Show the evidence of one dead job: arguments, attempts, traceback, worker and version."


def arguments(parser: ArgumentParser) -> None:
    """Add its own arguments."""
    parser.add_argument("id", type=shared.job_id)


def run(options: Namespace) -> Answer:
    """Show it."""
    letter = DeadLetter.objects.filter(pk=options.id).first()
    if letter is None:
        raise CommandError(
            f"Job {options.id} has no dead letter. `manage.py jobs show` says where it stands."
        )
    data = _data(letter)
    traceback = safe(str(data.pop("traceback")))
    text = facts(data.items()) + (f"\n\n{traceback}" if traceback else "")
    return Answer(data | {"traceback": traceback}, text)


def _data(letter: DeadLetter) -> dict[str, object]:
    evidence = letter.evidence
    replays = (
        Replayed.objects.filter(job_id=letter.pk).order_by("replay_id").values_list("replay_id", flat=True)
    )
    return {
        "job_id": letter.pk,
        "kind": letter.kind,
        "message": letter.message,
        "error_type": evidence.get("error_type", ""),
        "fingerprint": letter.fingerprint,
        "args": job_arguments.masked(evidence.get("args") or {}),
        "attempts": letter.attempts,
        "died_at": letter.died_at,
        "worker": letter.worker_name,
        "version": letter.version,
        "tenant": letter.tenant,
        "decision": letter.decision or "open",
        "decided_at": letter.decided_at,
        "replays": list(replays),
        "traceback": evidence.get("traceback", ""),
    }
