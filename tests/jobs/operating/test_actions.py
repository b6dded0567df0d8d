"""What people did is written down: who, what, to how many, why; and only if it was done."""

import getpass

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs.models import Action
from apps.jobs.operating import actions

pytestmark = pytest.mark.django_db


def test_an_action_says_who_did_what_to_how_many_and_why() -> None:
    asha = User.objects.create_user("asha@example.com")
    before = timezone.now()
    actions.record(
        "cancel", "kind emails.send", actor=asha, count=12, reason=" wrong list ", details={"a": 1}
    )
    entry = Action.objects.get()
    assert (entry.actor, entry.actor_name) == (asha, "asha@example.com")
    assert (entry.verb, entry.subject, entry.count) == ("cancel", "kind emails.send", 12)
    assert (entry.reason, entry.details) == ("wrong list", {"a": 1})
    assert abs((entry.at - before).total_seconds()) < 60


def test_an_action_outlives_the_account_of_who_did_it() -> None:
    asha = User.objects.create_user("asha@example.com")
    actions.record("pause", "queue default", actor=asha)
    asha.delete()
    assert Action.objects.get().actor_name == "asha@example.com"


def test_at_a_shell_the_login_is_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "deploy")
    actions.record("retry", "a job", actor=None)
    entry = Action.objects.get()
    assert (entry.actor, entry.actor_name) == (None, "shell:deploy")


def test_a_user_id_without_a_name_is_written_down_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert actions.name_of(None) == "shell:unknown"


def test_what_is_rolled_back_was_never_done() -> None:
    with transaction.atomic():
        actions.record("discard", "a job", actor=None)
        transaction.set_rollback(True)
    assert not Action.objects.exists()


def test_a_hostile_reason_is_kept_as_text_and_within_bounds() -> None:
    actions.record("cancel", "x" * 9000, actor=None, reason="\x00'; DROP TABLE jobs_job; -- \ud800")
    entry = Action.objects.get()
    assert len(entry.subject) == 2000
    assert entry.reason == "?'; DROP TABLE jobs_job; -- ?"
