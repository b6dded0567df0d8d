"""Facts in the admin: what happened, what it started, and replay for those who may."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.models import User
from apps.events import emit
from apps.events.models import Delivery, Fact
from apps.jobs.models import Action
from tests.events.orders import OrderPlaced, OrderShipped

LIST = "/admin/events/fact/"
THANK = "orders.thank"

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    """A browser of a superuser."""
    client.force_login(User.objects.create_superuser("admin@example.com", "secret"))
    return client


def test_the_list_shows_what_happened_with_secrets_masked_and_markup_escaped(admin: Client) -> None:
    emit(OrderPlaced(order_id=7, api_token="hunter2"))
    Fact.objects.update(data={"order_id": "<b>7</b>", "api_token": "hunter2"})
    page = admin.get(LIST).content.decode()
    assert "orders.placed" in page
    assert "&lt;b&gt;7&lt;/b&gt;" in page
    assert "hunter2" not in page
    assert '<td class="field-jobs">2</td>' in page


def test_a_fact_is_found_by_its_event_its_id_and_a_job_that_it_started(admin: Client) -> None:
    fact_id = emit(OrderPlaced(order_id=7))
    emit(OrderShipped(order_id=8))
    job_id = Delivery.objects.get(fact_id=fact_id, kind=THANK).job_id
    for query in ("event=orders.placed", f"q={fact_id}", f"q={job_id}"):
        page = admin.get(f"{LIST}?{query}").content.decode()
        assert str(fact_id) in page
        assert "1 event\n" in page, query


def test_its_page_links_to_its_jobs_and_to_the_job_that_emitted_it(admin: Client) -> None:
    fact_id = emit(OrderPlaced(order_id=7))
    Fact.objects.update(parent_id=fact_id)
    job_id = Delivery.objects.get(fact_id=fact_id, kind=THANK).job_id
    page = admin.get(f"{LIST}{fact_id}/change/").content.decode()
    assert f'orders.thank: <a href="/admin/jobs/job/{job_id}/change/">' in page
    assert f'<a href="/admin/jobs/job/{fact_id}/change/">' in page
    assert "Replay to a listener" in page


def test_replaying_ticked_facts_asks_first_and_tells_what_came_of_it(admin: Client) -> None:
    fact_id = emit(OrderPlaced(order_id=7))
    Delivery.objects.filter(kind=THANK).delete()
    asked = admin.post(LIST, {"action": "replay_selected", "_selected_action": str(fact_id)})
    assert asked.status_code == 302
    page = admin.get(asked["Location"]).content.decode()
    assert "not yet received by orders.thank" in page
    done = admin.post(asked["Location"], {"to": THANK, "reason": "It came later."}, follow=True)
    assert "1 event sent to orders.thank." in done.content.decode()
    assert Delivery.objects.filter(fact_id=fact_id, kind=THANK).count() == 1
    assert Action.objects.get().actor_name == "admin@example.com"


def test_all_that_the_filters_show_travel_by_their_filters(admin: Client) -> None:
    fact_id = emit(OrderPlaced(order_id=7))
    ticked = {"action": "replay_selected", "_selected_action": str(fact_id), "select_across": "1"}
    query = parse_qs(urlsplit(admin.post(f"{LIST}?event=orders.placed&days=1", ticked)["Location"]).query)
    assert (query["all"], query["event"], "ids" in query) == (["1"], ["orders.placed"], False)
    for own in (f"q={fact_id}", "tenant=acme"):
        refused = admin.post(f"{LIST}?{own}", ticked, follow=True).content.decode()
        assert "An action cannot apply to all results of a search." in refused


def test_more_than_can_be_answered_in_a_request_are_left_to_the_shell(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.events.admin.fact._MOST_AT_ONCE", 2)
    for number in range(3):
        emit(OrderPlaced(order_id=number))
    url = f"{LIST}replay/?all=1&event=orders.placed"
    assert "More than 2 at once: use manage.py events replay." in admin.get(url).content.decode()
    before = Delivery.objects.count()
    admin.post(url, {"to": THANK, "again": "on", "reason": "All of them."})
    assert Delivery.objects.count() == before


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ids=",
        "ids=x",
        "all=1&since=yesterday",
        "all=1&since=0001-01-01T00:00:00%2B00:00",
        "all=1&event=no.such.event",
        "all=2",
    ],
)
def test_an_address_that_cannot_be_read_means_no_fact(admin: Client, query: str) -> None:
    emit(OrderPlaced(order_id=7))
    page = admin.get(f"{LIST}replay/?{query}").content.decode()
    assert "No job type listens to these events." in page


def test_nothing_can_be_added_changed_or_deleted(admin: Client) -> None:
    fact_id = emit(OrderPlaced(order_id=7))
    assert admin.get(f"{LIST}add/").status_code == 403
    assert admin.post(f"{LIST}{fact_id}/delete/").status_code == 403


def test_replaying_takes_a_permission_of_its_own(client: Client) -> None:
    fact_id = emit(OrderPlaced(order_id=7))
    person = User.objects.create_user("ann@example.com", "secret", is_staff=True)
    client.force_login(person)
    assert client.get(LIST).status_code == 403
    person.user_permissions.add(Permission.objects.get(codename="view_fact"))
    assert "replay_selected" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}replay/?ids={fact_id}").status_code == 403
    person.user_permissions.add(Permission.objects.get(codename="replay_fact"))
    assert "replay_selected" in client.get(LIST).content.decode()
    assert client.get(f"{LIST}replay/?ids={fact_id}").status_code == 200
