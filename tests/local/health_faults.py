"""One thing that breaks at a time, and its repair: what the places that report health are tried with."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import redis
from celery import current_app
from django.db import transaction
from django.db.models.functions import Now
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from apps.jobs import transitions
from apps.jobs.keeper.duties import prompt
from apps.jobs.keeper.lazy_broker import LazyBroker
from apps.jobs.keeper.probe import Probe
from apps.jobs.keeper.rounds import Rounds
from apps.jobs.models import Bundle, DeadLetter, Duty, Job, Worker
from apps.jobs.operating import pause
from apps.local.servers.ports import free_port
from apps.maintenance.health import clock, servers
from apps.schedules.models import Beat
from apps.schedules.models.plan import Plan
from tests.jobs import steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from django.conf import LazySettings
    from django.test import Client

    from apps.accounts.models import User
    from apps.local.servers.valkey import ValkeyServer

LONG = timedelta(minutes=10)


@dataclass
class Site:
    """One waiting job of a person, and everything that it needs."""

    job: Job
    owner: User
    worker_id: int
    person: Client  # the owner's browser
    staff: Client
    monkeypatch: pytest.MonkeyPatch
    settings: LazySettings
    broker: ValkeyServer

    def relay(self) -> None:
        """Do the keeper's duty to relay once, and have its outcome written down as the keeper does."""
        lazy = LazyBroker()
        duty = next(duty for duty in prompt(lazy.use) if duty.name == "relay")
        Rounds("here:1", [duty], Probe("here:1"), threading.Event()).do_what_is_due()
        lazy.close()


@contextmanager
def no_worker(site: Site) -> Iterator[None]:
    Worker.objects.update(stopped_at=Now())
    yield
    Worker.objects.update(stopped_at=None)


@contextmanager
def silent_worker(site: Site) -> Iterator[None]:
    Worker.objects.update(heartbeat_at=Now() - LONG)
    yield
    Worker.objects.update(heartbeat_at=Now())


@contextmanager
def wrong_worker(site: Site) -> Iterator[None]:
    Worker.objects.update(queues=["maintenance"])
    yield
    Worker.objects.update(queues=[steps.QUEUE])


@contextmanager
def no_slots(site: Site) -> Iterator[None]:
    Worker.objects.update(concurrency=0)
    yield
    Worker.objects.update(concurrency=2)


@contextmanager
def unknown_kind(site: Site) -> Iterator[None]:
    kinds = Worker.objects.get(pk=site.worker_id).kinds
    Worker.objects.update(kinds=[kind for kind in kinds if kind != steps.KIND])
    yield
    Worker.objects.update(kinds=kinds)


@contextmanager
def unknown_kind_put_aside(site: Site) -> Iterator[None]:
    with unknown_kind(site):
        transitions.set_aside([steps.claimed(site.job.pk, site.worker_id)])
        yield
    steps.released(site.job.pk)


@contextmanager
def newer_version(site: Site) -> Iterator[None]:
    transitions.set_aside_newer(steps.claimed(site.job.pk, site.worker_id), reads=1)
    Job.objects.update(schema_version=2)
    yield
    Worker.objects.update(reads={steps.KIND: 2})


@contextmanager
def died_unread(site: Site) -> Iterator[None]:
    with unknown_kind(site):
        for _ in range(8):
            transitions.set_aside([steps.claimed(site.job.pk, site.worker_id)])
            steps.released(site.job.pk)
    yield
    DeadLetter.objects.update(decided_at=Now(), decision="discarded")


@contextmanager
def paused_queue(site: Site) -> Iterator[None]:
    pause.pause("queue", steps.QUEUE, reason="A flood", by=site.owner)
    yield
    pause.resume("queue", steps.QUEUE)


@contextmanager
def paused_kind(site: Site) -> Iterator[None]:
    pause.pause("kind", steps.KIND, reason="A flood", by=site.owner)
    site.relay()  # which parks it
    yield
    pause.resume("kind", steps.KIND)


@contextmanager
def not_taken(site: Site) -> Iterator[None]:
    site.relay()
    Bundle.objects.update(tries=8)
    yield
    Bundle.objects.update(tries=1)


@contextmanager
def keeper_dead(site: Site) -> Iterator[None]:
    Duty.objects.update(ran_at=Now() - LONG)
    yield
    Duty.objects.update(ran_at=Now())


@contextmanager
def relay_hangs(site: Site) -> Iterator[None]:
    Duty.objects.filter(name="relay").update(ran_at=Now() - LONG)
    yield
    Duty.objects.update(ran_at=Now())


@contextmanager
def upkeep_hangs(site: Site) -> Iterator[None]:
    Duty.objects.exclude(name="relay").update(ran_at=Now() - LONG)
    yield
    Duty.objects.update(ran_at=Now())


@contextmanager
def relay_waits_for_a_lock(site: Site) -> Iterator[None]:
    Duty.objects.filter(name="relay").update(
        error="OperationalError: canceling statement due to lock timeout"
    )
    yield
    Duty.objects.update(error="")


@contextmanager
def schedule_late(site: Site) -> Iterator[None]:
    task = PeriodicTask.objects.create(
        name="nightly", task=steps.KIND, interval=IntervalSchedule.objects.create(every=1, period="days")
    )
    Plan.objects.update_or_create(schedule=task, defaults={"next_at": Now() - LONG})
    yield
    task.delete()


@contextmanager
def beat_dead(site: Site) -> Iterator[None]:
    Beat.objects.update(heartbeat_at=Now() - LONG)
    yield
    Beat.objects.update(heartbeat_at=Now())


@contextmanager
def broker_unreachable(site: Site) -> Iterator[None]:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with broker_is(site, nowhere):
        site.relay()
        yield
    steps.in_line()  # so that the relay has something to send
    site.relay()


@contextmanager
def broker_full(site: Site) -> Iterator[None]:
    with redis.Redis.from_url(site.broker.operator_url()) as operator:
        operator.config_set("maxmemory", 1)
        try:
            site.relay()
            yield
        finally:
            operator.config_set("maxmemory", 0)
    steps.in_line()
    site.relay()


@contextmanager
def database_crowded(site: Site) -> Iterator[None]:
    with site.monkeypatch.context() as patch:
        patch.setattr(servers, "_CROWDED", 0.0)
        yield


@contextmanager
def database_read_only(site: Site) -> Iterator[None]:
    point = transaction.savepoint()
    steps._rows("SELECT set_config('transaction_read_only', 'on', true)")
    yield
    transaction.savepoint_rollback(point)


@contextmanager
def disk_full(site: Site) -> Iterator[None]:
    before, site.settings.BACKLINE_DISK_FREE_MB = site.settings.BACKLINE_DISK_FREE_MB, 10**12
    yield
    site.settings.BACKLINE_DISK_FREE_MB = before


@contextmanager
def clock_off(site: Site) -> Iterator[None]:
    with site.monkeypatch.context() as patch:
        patch.setattr(clock, "datetime", _Fast)
        yield


@contextmanager
def broker_is(site: Site, address: str) -> Iterator[None]:
    """Have the broker at an address."""
    with site.monkeypatch.context() as patch:
        before = current_app.conf.broker_url
        patch.setenv("CELERY_BROKER_URL", address)
        current_app.conf.update(broker_url=address)
        try:
            yield
        finally:
            current_app.conf.update(broker_url=before)


class _Fast(datetime):
    """A clock of this machine that is an hour ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # of the class itself
        """Return a moment in an hour."""
        return datetime.now(tz) + timedelta(hours=1)
