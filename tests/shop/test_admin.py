"""Staff can look at the shop and at imports; nobody edits them by hand."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from tests.shop.lines import as_csv, line
from tests.transfers.steps import imported

PAGES = [
    "shop/customer", "shop/product", "shop/order", "shop/orderline", "shop/price", "shop/dailysales",
    "mail/subscription", "mail/issue",
    "transfers/upload", "transfers/import", "transfers/rejectedrow",
]  # fmt: skip


@pytest.fixture(autouse=True)
def an_import(db: None, settings: Settings, tmp_path: Path) -> None:
    settings.BACKLINE_UPLOADS_DIR = tmp_path
    imported(as_csv([line(), line(Quantity="x")]))


@pytest.mark.parametrize("page", PAGES)
def test_rows_can_be_found_but_not_changed(client: Client, page: str) -> None:
    client.force_login(User.objects.create_superuser("root@example.org", "x"))
    assert client.get(f"/admin/{page}/", {"q": "1"}).status_code == 200
    assert client.get(f"/admin/{page}/add/").status_code == 403
    assert "delete_selected" not in client.get(f"/admin/{page}/").content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_staff_without_the_permission_see_nothing(client: Client, page: str) -> None:
    user = User.objects.create_user("staff@example.org", "x")
    user.is_staff = True
    user.save()
    client.force_login(user)
    assert client.get(f"/admin/{page}/").status_code == 403
    model = page.partition("/")[2]
    user.user_permissions.add(Permission.objects.get(codename=f"view_{model}"))
    assert client.get(f"/admin/{page}/").status_code == 200
