"""mail.weekly_newsletter: everybody who asked gets each issue once, whatever dies; nobody else gets any."""

import smtplib
from collections.abc import Callable
from email import message_from_string
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.jobs import LeaseLost, transitions
from apps.jobs.models import Effect, Job, Worker
from apps.jobs.states import ENDED
from apps.mail import send
from apps.mail.letter import letter
from apps.mail.models import Issue, Subscription
from apps.mail.subscriptions import subscribe, unsubscribe
from apps.shop.models import Product
from tests.shop.lines import as_csv, line, sample
from tests.tasks.smtp_sink import SmtpSink
from tests.tasks.steps import attempted, begun, ran, result_of, why
from tests.transfers.steps import imported

pytestmark = pytest.mark.usefixtures("committed")

WEEKLY, ONE = "mail.weekly_newsletter", "mail.newsletter"


def reader(name: str) -> User:
    """Make somebody who asked for the newsletter."""
    user = User.objects.create(email=f"{name}@aldervale.example")
    subscribe(user)
    return user


def readers(*names: str) -> list[User]:
    """Make several who asked."""
    return [reader(name) for name in names]


def letters() -> list[UUID]:
    """Return the letters that wait to be sent."""
    waiting = Job.objects.filter(kind=ONE).exclude(state__in=ENDED).order_by("pk")
    return list(waiting.values_list("pk", flat=True))


def sent_all() -> list[str]:
    """Send what waits; return what came of each letter."""
    return [attempted(job_id) for job_id in letters()]


def told() -> list[str]:
    """Return to whom letters went."""
    return sorted(message.to[0].partition("@")[0] for message in mail.outbox)


@pytest.fixture
def shop(committed: None) -> None:
    imported(as_csv(sample()))


@pytest.mark.usefixtures("shop")
class TestOnce:
    def test_everybody_who_asked_gets_one_letter(self) -> None:
        readers("ada", "bob")
        User.objects.create(email="eve@aldervale.example")
        assert ran(WEEKLY).result == {"issue": "2011-12-09", "letters": 2}
        assert sent_all() == ["succeeded"] * 2
        assert told() == ["ada", "bob"]

    def test_run_twice_it_reaches_nobody_twice(self) -> None:
        reader("ada")
        for _ in range(2):
            ran(WEEKLY)
        sent_all()
        assert result_of(ran(WEEKLY))["letters"] == 0
        assert told() == ["ada"]
        assert Issue.objects.count() == 1

    def test_who_asks_later_gets_the_issue_at_the_next_run(self) -> None:
        reader("ada")
        ran(WEEKLY)
        sent_all()
        reader("bob")
        assert result_of(ran(WEEKLY))["letters"] == 1
        sent_all()
        assert told() == ["ada", "bob"]

    def test_a_death_between_the_letter_and_its_record_sends_no_second_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader("ada")
        ran(WEEKLY)
        [job_id] = letters()
        monkeypatch.setattr(Subscription, "objects", _Killing(Subscription.objects))
        assert attempted(job_id) == "retrying"
        monkeypatch.undo()
        assert attempted(job_id) == "succeeded"
        assert told() == ["ada"]
        assert Subscription.objects.get().last_issue == Issue.objects.get()

    def test_a_letter_that_was_cut_off_is_left_to_a_person_and_holds_up_nobody(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        readers("ada", "bob")
        ran(WEEKLY)
        first, second = letters()
        monkeypatch.setattr(EmailBackend, "send_messages", _raising(smtplib.SMTPServerDisconnected("gone")))
        assert attempted(first) == "retrying"
        monkeypatch.undo()
        assert attempted(first) == "dead"
        assert "nobody knows whether it happened" in why(first)
        assert attempted(second) == "succeeded"
        assert len(mail.outbox) == 1

    def test_what_the_server_refused_is_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reader("ada")
        ran(WEEKLY)
        [job_id] = letters()
        refused = smtplib.SMTPRecipientsRefused({"ada": (450, b"later")})
        monkeypatch.setattr(EmailBackend, "send_messages", _raising(refused))
        assert attempted(job_id) == "retrying"
        assert not Effect.objects.exists()
        monkeypatch.undo()
        assert attempted(job_id) == "succeeded"
        assert told() == ["ada"]

    def test_a_worker_that_lost_the_job_sends_nothing(self) -> None:
        reader("ada")
        issue, subscription = _issue(), Subscription.objects.get()
        ctx = begun(ONE, issue_id=issue.pk, subscription_id=subscription.pk)
        transitions.rescue(list(Worker.objects.values_list("pk", flat=True)), max_deaths=9)
        with pytest.raises(LeaseLost):
            send.send_once(ctx, issue.pk, subscription.pk)
        assert told() == []

    def test_a_server_that_is_away_costs_a_try_and_no_decision(self, settings: Settings) -> None:
        reader("ada")
        ran(WEEKLY)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        [job_id] = letters()
        assert attempted(job_id) == "retrying"
        assert not Effect.objects.exists()


@pytest.mark.usefixtures("shop")
class TestConsent:
    def test_who_stops_it_before_the_letter_went_out_gets_none(self) -> None:
        ada = reader("ada")
        ran(WEEKLY)
        unsubscribe(ada)
        [job_id] = letters()
        attempted(job_id)
        assert Job.objects.get(pk=job_id).result == "not wanted any more"
        assert told() == []

    def test_who_was_switched_off_or_deleted_gets_none(self) -> None:
        ada, bob = readers("ada", "bob")
        ran(WEEKLY)
        User.objects.filter(pk=ada.pk).update(is_active=False)
        bob.delete()
        assert sent_all() == ["succeeded"] * 2
        assert told() == []

    def test_when_consent_was_given_and_taken_back_stays_written_down(self) -> None:
        ada = reader("ada")
        first = Subscription.objects.get()
        subscribe(ada)
        assert Subscription.objects.get().asked_at == first.asked_at
        unsubscribe(ada)
        ended = Subscription.objects.get()
        assert ended.ended_at is not None
        subscribe(ada)
        again = Subscription.objects.get()
        assert again.ended_at is None
        assert again.asked_at > first.asked_at

    def test_the_link_in_the_letter_stops_it_with_one_click(self) -> None:
        readers("ada", "bob")
        ran(WEEKLY)
        sent_all()
        [sent] = [message for message in mail.outbox if message.to == ["ada@aldervale.example"]]
        assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = sent.extra_headers["List-Unsubscribe"].strip("<>")
        assert link in sent.body
        parts = urlsplit(link)
        answer = Client(enforce_csrf_checks=True).post(
            f"{parts.path}?{parts.query}", {"List-Unsubscribe": "One-Click"}
        )
        assert answer.status_code == 200
        wanted = Subscription.objects.filter(ended_at=None)
        assert [subscription.user.email for subscription in wanted] == ["bob@aldervale.example"]
        assert list(parse_qs(parts.query)) == ["token"]


class TestContent:
    def test_it_says_what_sold_most_in_the_last_week_of_sales(self) -> None:
        long_ago = line(InvoiceNo="1", StockCode="11111", Quantity="999", InvoiceDate="2011-01-01 10:00:00")
        few = line(InvoiceNo="2", StockCode="22222", Quantity="2", InvoiceDate="2011-02-01 10:00:00")
        many = line(InvoiceNo="3", StockCode="33333", Quantity="1200", InvoiceDate="2011-02-07 23:59:59")
        postage = line(InvoiceNo="4", StockCode="POST", Quantity="5000", InvoiceDate="2011-02-07 10:00:00")
        returned = line(InvoiceNo="C5", StockCode="33333", Quantity="-700", InvoiceDate="2011-02-07 11:00:00")
        imported(as_csv([long_ago, few, many, postage, returned]))
        body = _letter_to(reader("ada")).body
        assert "Best sellers from 01 February to 07 February 2011:" in body
        assert body.splitlines()[2:4] == [
            "1. WHITE HANGING HEART T-LIGHT HOLDER (33333): 1,200",
            "2. WHITE HANGING HEART T-LIGHT HOLDER (22222): 2",
        ]
        assert "11111" not in body
        assert "POST" not in body

    @pytest.mark.parametrize("name", ["a\r\nBcc: eve@evil.example\r\n\r\nb", "<script>&amp;", "x" * 5000, ""])
    def test_a_hostile_name_stays_one_line_of_the_text(self, name: str) -> None:
        imported(as_csv([line()]))
        Product.objects.update(name=name)
        message = _letter_to(reader("ada")).message()
        assert set(message.keys()) == {
            "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date",
            "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post",
        }  # fmt: skip
        text = bytes(message.get_payload(decode=True)).decode()
        shown = " ".join(name.split()) or "85123A"
        assert f"1. {shown} (85123A): 6" in text.splitlines()

    def test_before_the_first_sale_there_is_no_issue(self) -> None:
        reader("ada")
        assert ran(WEEKLY).result == {"issue": None, "letters": 0}
        assert not Issue.objects.exists()

    def test_an_issue_stays_as_it_was_first_written(self) -> None:
        imported(as_csv([line()]))
        ran(WEEKLY)
        imported(as_csv([line(InvoiceNo="9", Quantity="500")]))
        ran(WEEKLY)
        assert [units for _, _, units in Issue.objects.get().items] == [6]

    def test_a_letter_has_the_same_id_however_often_it_is_written(self) -> None:
        imported(as_csv([line()]))
        ada = reader("ada")
        ids = [_letter_to(ada).extra_headers["Message-ID"] for _ in range(2)]
        assert ids[0] == ids[1]

    def test_a_real_mail_server_gets_the_letter(self, settings: Settings) -> None:
        imported(as_csv([line()]))
        reader("ada")
        ran(WEEKLY)
        with SmtpSink() as sink:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", sink.port, False
            assert sent_all() == ["succeeded"]
        [taken] = sink.letters
        assert taken.recipients == ["ada@aldervale.example"]
        assert message_from_string(taken.text)["List-Unsubscribe"].strip().startswith("<http://127.0.0.1")
        assert "85123A" in taken.text
        [effect] = Effect.objects.all()
        assert "ada@aldervale.example" in str(effect.receipt)


def _issue() -> Issue:
    """Have the current issue written."""
    ran(WEEKLY)
    return Issue.objects.get()


def _letter_to(user: User) -> EmailMessage:
    """Return the current issue as it is sent to somebody."""
    return letter(_issue(), Subscription.objects.get(user=user))


class _Killing:
    """A manager that kills the worker when it comes to writing down what was sent."""

    def __init__(self, manager: object) -> None:
        self._manager = manager

    def filter(self, **wanted: object) -> object:
        if list(wanted) == ["pk"]:
            raise RuntimeError("killed")
        return self._manager.filter(**wanted)  # type: ignore[attr-defined]


def _raising(error: Exception) -> Callable[..., None]:
    def send_messages(*_: object) -> None:
        raise error

    return send_messages
