"""Each kind of broker gets its own options, and an address that is none is refused before anything starts."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from apps.jobs.messages.broker_options import NotABroker, Patience, transport_options


@pytest.mark.parametrize(
    "url", ["redis://host:6379/0", "rediss://:secret@host/0", "amqp://me:it@host//", "amqps://host"]
)
def test_a_publish_is_tried_once_since_the_keeper_tries_again(url: str) -> None:
    assert transport_options(url)["max_retries"] == 0


@pytest.mark.parametrize("url", ["redis://host:6379/0", "rediss://host/0"])
def test_no_answer_of_redis_is_waited_for_longer_than_two_seconds(url: str) -> None:
    options = transport_options(url)
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 2


def test_how_long_redis_may_be_silent_is_a_setting() -> None:
    options = transport_options("redis://host/0", Patience(answer_s=5, idle_s=3))
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 5
    assert options["health_check_interval"] == 3


def test_the_settings_of_a_process_come_from_its_environment() -> None:
    environment = os.environ | {
        "BACKLINE_BROKER_TIMEOUT_S": "7",
        "BACKLINE_BROKER_IDLE_S": "4",
        "CELERY_BROKER_URL": "redis://host/0",
    }
    told = (
        "from config import settings as s; o = s.CELERY_BROKER_TRANSPORT_OPTIONS; "
        "print(o['socket_timeout'], o['health_check_interval'], "
        "s.CELERY_BROKER_CONNECTION_TIMEOUT, s.CELERY_BROKER_HEARTBEAT)"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["7", "4", "7", "4"], done.stderr


def test_what_only_redis_understands_does_not_reach_rabbitmq() -> None:
    assert not transport_options("amqp://host//").keys() & {
        "ack_emulation",
        "global_keyprefix",
        "socket_timeout",
    }


def test_a_broker_of_another_kind_that_celery_speaks_gets_none() -> None:
    assert transport_options("sqs://") == {}
    assert transport_options("mongodb://a:1,b:2/jobs") == {}


@pytest.mark.parametrize(
    "url", ["", "host:6379", "redis", "http://me:secret@host/", "://", "REDIS", "amqp:/"]
)
def test_an_address_that_is_no_broker_s_is_refused_with_what_to_write_instead(url: str) -> None:
    with pytest.raises(
        NotABroker, match=r"Begin it with one of: redis://, rediss://, amqp://, amqps://\."
    ) as told:
        transport_options(url)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("command", [["manage.py", "keeper"], ["-m", "celery", "-A", "config", "worker"]])
def test_no_process_starts_with_such_an_address(command: list[str]) -> None:
    environment = os.environ | {"CELERY_BROKER_URL": "localhost:6379"}
    whole = [sys.executable, *command]
    done = subprocess.run(whole, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "CELERY_BROKER_URL (or REDIS_URL) begins with 'localhost:6379', which is no broker." in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hu#nter2@h/0",
        "redis://:hu/nter2@h/0",
        "redis://:hu?nter2@h/0",
        "amqp://ann:[hunter2@h/x",
        "amqp://ann:hunter2@h:port//",
        "amqp://h//;amqp://ann:hu;nter2@h//",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_showing_its_password(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"CELERY_BROKER_URL": url},
        capture_output=True,
        text=True,
    )
    assert "Percent-encode special characters" in done.stderr
    assert not [
        part for part in ("hu", "nter2", "hunter2") if f"{part}'" in done.stderr or f"{part}@" in done.stderr
    ]
