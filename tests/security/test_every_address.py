"""Every address, asked by everybody: anonymous, a user, and staff with each permission and without it.

`RIGHTS` says which permission opens which page of the admin; each is tried alone, and all others without it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from tests.security.addresses import Address, Ids, addresses, objects
from tests.web.people import client_of, person

OPEN_TO_ALL = {"login"}
OWN_PAGES = {"home", "imports", "sample", "live_jobs", "poll_jobs", "newsletter", "time_zone"}
STAFF_PAGES = {"admin:index", "admin:jsi18n", "admin:password_change", "admin:password_change_done"}
SUPERUSERS_ONLY: tuple[str, ...] = ()

# What opens a page of the admin, by the last word of its name; without an entry below.
BY_PAGE = {
    "changelist": ("view", "change"),
    "change": ("view", "change"),
    "history": ("view", "change"),
    "add": ("add",),
    "delete": ("delete",),
}
CHANGED_BY_PEOPLE = {  # rows that permissions let people add and delete; all others are written by jobs alone
    "accounts_user",
    "django_celery_beat_clockedschedule",
    "django_celery_beat_crontabschedule",
    "django_celery_beat_intervalschedule",
    "django_celery_beat_periodictask",
    "django_celery_beat_solarschedule",
    "django_celery_results_groupresult",
    "django_celery_results_taskresult",
}
SCHEDULES = ("django_celery_beat.view_periodictask", "django_celery_beat.change_periodictask")
RIGHTS = {
    "accounts_user_add": SUPERUSERS_ONLY,  # Django asks for the right to change as well
    "app_list": SUPERUSERS_ONLY,  # shows what any right in the app opens; see the lists themselves
    "auth_user_password_change": SUPERUSERS_ONLY,  # of a colleague who is staff
    "autocomplete": SUPERUSERS_ONLY,
    "django_celery_results_taskresult_add": (),  # by nobody: only tasks write results
    "events_fact_ask": ("events.replay_fact",),
    "events_fact_changelist": ("events.view_fact",),
    "jobs_deadletter_ask": ("jobs.replay_deadletter", "jobs.discard_deadletter"),
    "jobs_deadletter_groups": ("jobs.view_deadletter",),
    "jobs_job_ask": ("jobs.cancel_job", "jobs.retry_job"),
    "jobs_queue_ask": ("jobs.pause_queue",),
    "jobs_queue_changelist": ("jobs.view_pause",),
    "jobs_replay_stop": ("jobs.replay_deadletter",),
    "login": SUPERUSERS_ONLY,
    "logout": SUPERUSERS_ONLY,
    "schedules_arguments": SCHEDULES,
    "schedules_back": ("schedules.roll_back_schedule",),
    "schedules_day": SCHEDULES,
    "schedules_export": ("django_celery_beat.change_periodictask",),
    "schedules_import": SUPERUSERS_ONLY,  # needs the right to add and to change
    "schedules_look_ahead": SUPERUSERS_ONLY,
    "schedules_pause": ("schedules.pause_schedule",),
    "schedules_roll_back": ("schedules.roll_back_schedule",),
    "schedules_run": ("schedules.run_schedule",),
    "view_on_site": SUPERUSERS_ONLY,
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(settings: Settings, tmp_path: Path) -> Ids:
    """Objects of every kind."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.BACKLINE_UPLOADS_DIR = tmp_path / "uploads"
    settings.BACKLINE_ARTIFACTS_DIR = tmp_path / "artifacts"
    return objects()


def test_anonymous_reaches_the_login_and_nothing_else(ids: Ids) -> None:
    client = client_of(None)
    reached = {each.name for each in addresses(ids) for status in _statuses(client, each) if status == 200}
    assert reached == OPEN_TO_ALL


def test_user_reaches_own_pages_and_nothing_else(ids: Ids) -> None:
    client = client_of(person("user@aldervale.example"))
    found = [each for each in addresses(ids) if "live" not in each.path]
    reached = {each.name for each in found for status in _statuses(client, each) if status == 200}
    assert reached == OWN_PAGES - {"live_jobs"}
    assert all(
        status in (404, 405) for each in found if "jobs/0" in each.path for status in _statuses(client, each)
    )


def test_staff_without_a_permission_reaches_no_data(ids: Ids) -> None:
    client = client_of(person("staff@aldervale.example", is_staff=True))
    of_the_admin = [each for each in addresses(ids) if each.path.startswith("/admin/")]
    reached = {each.name for each in of_the_admin for status in _statuses(client, each) if status == 200}
    assert reached == STAFF_PAGES


def test_each_permission_opens_its_own_page_and_its_absence_closes_it(ids: Ids) -> None:
    keeper, other = (person(f"{name}@aldervale.example", is_staff=True) for name in ("one", "all"))
    alone, all_but = client_of(keeper), client_of(other)
    known = {f"{each.content_type.app_label}.{each.codename}": each for each in _permissions()}
    other.user_permissions.set(known.values())
    faults: list[str] = []
    for each in addresses(ids):
        if not each.path.startswith("/admin/") or each.name in STAFF_PAGES:
            continue
        rights = [known[right] for right in _rights(each.name)]
        other.user_permissions.remove(*rights)
        if rights and 200 in (found := _statuses(all_but, each)):
            faults.append(f"{each.path} answers {found} to all rights but {_rights(each.name)}")
        other.user_permissions.add(*rights)
        opened = []
        for right in rights:
            keeper.user_permissions.set([right])
            opened.append(alone.get(each.path).status_code)
        if rights and 200 not in opened and 302 not in opened:  # 302: there is no such object
            faults.append(f"{each.path} answers {opened} to each of {_rights(each.name)}")
        elif not rights and _is_row_of_jobs(each.name) and other.has_perm("jobs.view_job"):
            faults += [f"{each.path} is open" for status in _statuses(all_but, each) if status == 200]
    assert not faults, "\n".join(faults)


def test_form_without_its_token_is_refused_everywhere(ids: Ids) -> None:
    root = User.objects.create_superuser("root@aldervale.example", "x")
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.force_login(root)
    answers = {each.name: strict.post(each.path).status_code for each in addresses(ids)}
    assert {name for name, status in answers.items() if status not in (403, 404, 405, 302)} == set()


def _statuses(client: Client, address: Address) -> list[int]:
    if address.name in ("logout", "admin:logout"):
        return [client.get(address.path).status_code]  # whoever walks stays logged in
    answers = [client.get(address.path), client.post(address.path)]
    return [answer.status_code for answer in answers]


def _permissions() -> Iterator[Permission]:
    yield from Permission.objects.select_related("content_type")


def _is_row_of_jobs(name: str) -> bool:
    model, _, page = name.removeprefix("admin:").rpartition("_")
    return page in ("add", "delete") and model not in CHANGED_BY_PEOPLE


def _rights(name: str) -> tuple[str, ...]:
    """Return the permissions of which each alone opens a page."""
    name = name.removeprefix("admin:")
    if name in RIGHTS:
        return RIGHTS[name]
    model, _, page = name.rpartition("_")
    if _is_row_of_jobs(f"{model}_{page}") or (model == "auth_group" and page in ("add", "delete")):
        return ()
    app, _, model = next(
        (app, "_", model.removeprefix(f"{app}_"))
        for app in ("django_celery_beat", "django_celery_results", model.partition("_")[0])
        if model.startswith(f"{app}_")
    )
    verbs = ("view",) if f"{app}_{model}" in ("events_fact", "jobs_queue") else BY_PAGE[page]
    permission = "pause" if (app, model) == ("jobs", "queue") else model
    return tuple(f"{app}.{verb}_{permission}" for verb in verbs)
