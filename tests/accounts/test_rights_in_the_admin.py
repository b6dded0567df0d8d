"""Rights are granted by superusers: nobody makes more of itself by changing users or groups."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def helpdesk() -> User:
    """A member of staff who may do everything with users and groups."""
    user = User.objects.create_user("help@example.org", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=("accounts", "auth")))
    return user


@pytest.fixture
def browser(helpdesk: User, client: Client) -> Client:
    """Its browser."""
    client.force_login(helpdesk)
    return client


def changed(browser: Client, user: User, **fields: object) -> int:
    page = reverse("admin:accounts_user_change", args=[user.pk])
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    return browser.post(page, {"email": user.email, "is_active": "on"} | dates | fields).status_code


@pytest.mark.parametrize(
    "grant", [{"is_superuser": "on"}, {"is_staff": "on"}, {"groups": "all"}, {"user_permissions": "all"}]
)
def test_helpdesk_grants_nobody_a_right(grant: dict[str, str], browser: Client) -> None:
    Group.objects.create(name="team")
    everything = {"groups": Group.objects.all(), "user_permissions": Permission.objects.all()[:5]}
    fields = {
        name: [one.pk for one in everything[name]] if name in everything else word
        for name, word in grant.items()
    }
    ann = User.objects.create_user("ann@example.org", "x")
    assert changed(browser, ann, first_name="Ann", **fields) == 302
    ann.refresh_from_db()
    assert ann.first_name == "Ann"
    assert (ann.is_superuser, ann.is_staff) == (False, False)
    assert not ann.get_all_permissions()
    assert not ann.groups.exists()


def test_helpdesk_does_not_touch_its_own_rights(browser: Client, helpdesk: User) -> None:
    assert changed(browser, helpdesk, is_superuser="on", is_staff="on") == 403
    helpdesk.refresh_from_db()
    assert not helpdesk.is_superuser


@pytest.mark.parametrize("fields", [{"is_superuser": True, "is_staff": True}, {"is_staff": True}])
def test_account_of_staff_is_out_of_reach(fields: dict[str, bool], browser: Client) -> None:
    boss = User.objects.create_user("boss@example.org", "x", **fields)
    before = boss.password
    new = {
        "password1": "a quite new sentence",
        "password2": "a quite new sentence",
        "usable_password": "true",
    }
    password = reverse("admin:auth_user_password_change", args=[boss.pk])
    assert browser.post(password, new).status_code == 403
    assert changed(browser, boss, email="mine@example.org") == 403
    assert (
        browser.post(reverse("admin:accounts_user_delete", args=[boss.pk]), {"post": "yes"}).status_code
        == 403
    )
    ticked = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}
    browser.post(reverse("admin:accounts_user_changelist"), ticked)
    boss.refresh_from_db()
    assert (boss.password, boss.email) == (before, "boss@example.org")


def test_group_is_changed_by_superusers_only(browser: Client, helpdesk: User) -> None:
    team = Group.objects.create(name="team")
    helpdesk.groups.add(team)
    wanted = {"name": "team", "permissions": [Permission.objects.get(codename="cancel_job").pk]}
    assert browser.post(reverse("admin:auth_group_change", args=[team.pk]), wanted).status_code == 403
    assert browser.post(reverse("admin:auth_group_add"), wanted | {"name": "new"}).status_code == 403
    assert not User.objects.get(pk=helpdesk.pk).has_perm("jobs.cancel_job")


def test_helpdesk_still_helps_ordinary_users(browser: Client) -> None:
    ann = User.objects.create_user("ann@example.org", "x")
    new = {
        "password1": "a quite new sentence",
        "password2": "a quite new sentence",
        "usable_password": "true",
    }
    assert browser.post(reverse("admin:auth_user_password_change", args=[ann.pk]), new).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password("a quite new sentence")


def test_superuser_grants_rights(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root@example.org", "x"))
    ann = User.objects.create_user("ann@example.org", "x")
    assert changed(client, ann, is_staff="on", is_superuser="on") == 302
    assert User.objects.get(pk=ann.pk).is_superuser
