"""Members of staff at the admin, each with the rights that a test gives, and what they click."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.models import User

JOBS, LETTERS, QUEUES, REPLAYS = (
    f"/admin/jobs/{model}/" for model in ("job", "deadletter", "queue", "replay")
)
LOOKS = tuple(f"view_{model}" for model in ("job", "deadletter", "pause", "replay", "action"))
DEEDS = ("cancel_job", "retry_job", "replay_deadletter", "discard_deadletter", "pause_queue")
WHY = {"reason": "the till is open again"}


def log_in(client: Client, *rights: str) -> Client:
    """Log a member of staff in, with these rights and no other."""
    person, _ = User.objects.get_or_create(email="staff@example.com", defaults={"is_staff": True})
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(person)
    return client


def asked(client: Client, place: str, action: str, ids: list[UUID], **more: str) -> str:
    """Tick rows, choose an action, and return the address of the page that asks."""
    ticked = {"action": action, "_selected_action": [str(job_id) for job_id in ids]} | more
    answer = client.post(place, ticked)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def confirmed(client: Client, question: str, **words: Any) -> str:
    """Answer the page that asks; return what the next page says."""
    return str(client.post(question, WHY | words, follow=True).content.decode())


def counted(client: Client, question: str) -> dict[str, int]:
    """Return what the page that asks has counted."""
    return dict(client.get(question).context["question"].counts)
