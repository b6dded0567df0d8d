"""Every address that the site answers, filled with objects that exist."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from apps.events import emit
from apps.jobs.models import Attempt, Duty, LogLine
from apps.jobs.operating import pause, replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.operating.replay import Pace
from apps.schedules import versions
from apps.schedules.models import Version
from apps.schedules.plan import plan
from tests.events.orders import OrderPlaced
from tests.jobs import steps
from tests.jobs.operating.test_dead_letters import buried
from tests.web.people import finished_import_of, person

Ids = dict[str, object]  # the key of an object of each model, by "app_model"


@dataclass(frozen=True, slots=True)
class Address:
    """One address by the name of its pattern."""

    name: str
    path: str


def objects() -> Ids:
    """Make an object of every model whose pages name one; return their keys."""
    owner = person("owner@aldervale.example")
    dead, ready = buried(), steps.in_line()
    started = finished_import_of(owner)
    job_id = started.job_id
    assert job_id is not None
    now = timezone.now()
    line = LogLine.objects.create(job_id=job_id, attempt=1, at=now, level="info", message="x")
    attempt = Attempt.objects.filter(job_id=dead).first()
    record = replay.replay(Filter(ids=(buried(),)), actor=None, reason="x", pace=Pace(canary=1))
    pause.pause("queue", "imports")
    schedule = _schedule()
    emit(OrderPlaced(order_id=7))
    return {
        "job": ready,
        "jobs_job": ready,
        "jobs_deadletter": dead,
        "jobs_logline": line.pk,
        "jobs_attempt": attempt.pk if attempt else 1,
        "jobs_replay": record.pk,
        "jobs_worker": steps.a_worker(),
        "jobs_duty": Duty.objects.create(name="relay", keeper="here", ran_at=now, took_ms=1).pk,
        "jobs_queue": "default",
        "accounts_user": owner.pk,
        "auth_user": owner.pk,
        "auth_group": Group.objects.create(name="team").pk,
        "transfers_import": started.pk,
        "transfers_upload": started.upload_id,
        "django_celery_beat_periodictask": schedule.pk,
        "django_celery_beat_crontabschedule": CrontabSchedule.objects.create(minute="1").pk,
        "django_celery_beat_intervalschedule": schedule.interval_id,
        "django_celery_results_taskresult": TaskResult.objects.create(task_id="plain").pk,
        "schedules_version": Version.objects.order_by("id").values_list("pk", flat=True)[0],
    }


def addresses(ids: Ids) -> Iterator[Address]:
    """Yield every named address of the site, those of the admin included."""
    for name in sorted(set(_names(get_resolver()))):
        for path in _paths(name, ids):
            yield Address(name, path)


def _schedule() -> PeriodicTask:
    interval = IntervalSchedule.objects.create(every=1, period="hours")
    made: PeriodicTask = PeriodicTask.objects.create(
        name="hourly", task="kinds.add", kwargs='{"a": 1}', interval=interval, last_run_at=timezone.now()
    )
    plan()
    versions.record([made.pk], Version.How.ADMIN)
    PeriodicTask.objects.filter(pk=made.pk).update(description="every hour")
    versions.record([made.pk], Version.How.ADMIN)
    return made


def _names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern, inner)
        elif pattern.name:
            yield namespace + str(pattern.name)


def _paths(name: str, ids: Ids) -> Iterator[str]:
    """Yield the address of a pattern, once for each verb that it takes."""
    model = name.removeprefix("admin:").rpartition("_")[0]
    key = str(ids.get(model, "1"))
    verbs = {
        "admin:jobs_deadletter_ask": ("replay", "discard"),
        "admin:jobs_job_ask": ("cancel", "retry", "again"),
        "admin:jobs_queue_ask": ("pause", "resume"),
    }
    queries = {"admin:jobs_queue_ask": "?scope=queue&name=imports", "admin:schedules_pause": "?ids=1"}
    query = queries.get(name, f"?ids={key}" if name in verbs else "")
    for verb in verbs.get(name, ("",)):
        for arguments in _arguments(name, key, verb, ids):
            try:
                yield reverse(name, kwargs=arguments) + query
            except NoReverseMatch:
                continue
            break
        else:
            raise AssertionError(f"The walk cannot fill the address {name}. Add its arguments.")


def _arguments(name: str, key: str, verb: str, ids: Ids) -> Iterator[dict[str, object]]:
    schedule = ids["django_celery_beat_periodictask"]
    yield {}
    yield {"verb": verb}
    yield {"object_id": key}
    yield {"id": key}
    yield {"job_id": ids["job"]}
    version = ids["schedules_version"]
    named = {"run": schedule, "back": schedule, "roll_back": version}
    yield {"pk": named.get(name.removeprefix("admin:schedules_"), key)}
    yield {"schedule_id": schedule}
    yield {"app_label": "jobs"}
    yield {"content_type_id": "1", "object_id": "1"}
