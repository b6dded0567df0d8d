"""The people of these tests, and what they own."""

import io
from uuid import UUID

from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.jobs.models import Job, LogLine
from apps.transfers.imports import start_import
from apps.transfers.models import Import
from apps.transfers.uploads import store_upload
from tests.transfers.steps import KIND, work

PASSWORD = "correct horse battery"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
GOOD = "536365,85123A,WHITE HOLDER,6,2010-12-01 08:26,2.55,17850,United Kingdom"
BAD = '536366,85123A,"=HYPERLINK(""http://evil"")",many,2010-12-01 08:26,2.55,17850,United Kingdom'
HOSTILE = '"><script>alert(1)</script>\u202egnp.exe ' + "x" * 440


def person(
    email: str = "tom@aldervale.example", *, permissions: tuple[str, ...] = (), **fields: object
) -> User:
    """Make somebody who may log in."""
    user = User.objects.create_user(email, PASSWORD, first_name="Tom", last_name="Okafor", **fields)
    for codename in permissions:
        user.user_permissions.add(Permission.objects.get(content_type__app_label="jobs", codename=codename))
    return User.objects.get(pk=user.pk)


def client_of(user: User | None) -> Client:
    """Return a browser in which this person is logged in; nobody for None."""
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def import_of(owner: User, *rows: str, name: str = "orders.csv") -> Import:
    """Hand in a file as this person."""
    content = "\n".join([HEADER, *(rows or (GOOD, BAD))]).encode()
    upload = store_upload(io.BytesIO(content), name=name, owner=owner)
    return start_import(upload, kind=KIND)


def finished_import_of(owner: User, *rows: str, name: str = "orders.csv") -> Import:
    """Hand in a file as this person and let a worker bring it in."""
    run = import_of(owner, *rows, name=name)
    work(run)
    return run


def own(job_id: UUID, owner: User) -> Job:
    """Give a job to somebody."""
    Job.objects.filter(pk=job_id).update(owner=owner)
    return Job.objects.get(pk=job_id)


def wrote(job: Job, *messages: str, level: str = "info") -> None:
    """Put lines into a job's log."""
    now = timezone.now()
    LogLine.objects.bulk_create(
        LogLine(job_id=job.pk, attempt=1, at=now, level=level, message=message) for message in messages
    )
