"""The newsletter's pages: one switch with a login, one link without, and no way to stop somebody else's."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.mail.models import Subscription
from apps.mail.subscriptions import is_wanted_by, subscribe, token_of
from tests.web.people import person


def leave(token: str) -> str:
    return f"{reverse('leave_newsletter')}?token={token}"


@pytest.fixture
def token(owner: User) -> str:
    """The word in a letter to the owner."""
    subscribe(owner)
    return token_of(Subscription.objects.get(user=owner).pk)


def test_a_person_asks_for_it_and_stops_it(browser: Client, owner: User) -> None:
    page = reverse("newsletter")
    assert "You are not subscribed." in browser.get(page).content.decode()
    for _ in range(2):
        assert browser.post(page, {"wanted": "yes"}).status_code == 302
    assert is_wanted_by(owner)
    assert "You are subscribed." in browser.get(page).content.decode()
    for _ in range(2):
        assert browser.post(page, {"wanted": "no"}).status_code == 302
    assert not is_wanted_by(owner)
    assert Subscription.objects.count() == 1


def test_what_is_neither_yes_nor_no_changes_nothing(browser: Client, owner: User) -> None:
    assert browser.post(reverse("newsletter"), {"wanted": "perhaps"}).status_code == 400
    assert not Subscription.objects.exists()


def test_a_form_of_another_site_subscribes_nobody(owner: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(reverse("newsletter"), {"wanted": "yes"}).status_code == 403
    assert not Subscription.objects.exists()


def test_opening_the_link_of_a_letter_stops_nothing_yet(owner: User, token: str) -> None:
    page = Client().get(leave(token)).content.decode()
    assert "Unsubscribe from the newsletter?" in page
    assert is_wanted_by(owner)


def test_its_button_stops_it_without_a_login_and_twice_is_as_good_as_once(owner: User, token: str) -> None:
    stranger = Client(enforce_csrf_checks=True)
    for _ in range(2):
        page = stranger.post(leave(token)).content.decode()
        assert "You are unsubscribed" in page
    assert not is_wanted_by(owner)


def test_a_link_stops_its_own_subscription_and_no_other(owner: User, token: str) -> None:
    other = person("other@aldervale.example")
    subscribe(other)
    number, _, signature = token.partition(":")
    forged = f"{Subscription.objects.get(user=other).pk}:{signature}"
    for wrong in (forged, number, "", "x:y", f"{token}x", "\0"):
        assert Client().post(leave(wrong)).status_code == 404
    assert is_wanted_by(other)
    assert is_wanted_by(owner)


def test_the_link_of_somebody_who_is_gone_is_not_found(owner: User, token: str) -> None:
    owner.delete()
    assert Client().post(leave(token)).status_code == 404
