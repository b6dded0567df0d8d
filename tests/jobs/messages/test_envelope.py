"""Our messages are Celery's own, byte for byte but for the bundle: a change of its format fails here."""

import os
from uuid import uuid4

import pytest
from celery import Celery, current_app
from celery.exceptions import Ignore

from apps.jobs.messages import broker, envelope
from apps.jobs.transitions import Message
from apps.lib.ids import new_id
from config.celery import app
from tests.jobs.conftest import Inbox

AN_ID = "01a201c7-5343-7a27-afd7-bec02067e53c"  # the same in every process that collects the tests


def a_message(*, kind: str = "kinds.add", jobs: int = 1) -> Message:
    """Make a message that no ledger knows."""
    return Message(uuid4(), kind, "default", [new_id() for _ in range(jobs)])


def sent_by_celery(message: Message, text: str) -> None:
    """Send what Celery itself makes of a message, one call for one message."""
    first = str(message.ids[0])
    with broker.connected() as producer:
        Celery.send_task(  # not ours, which would enqueue a job
            app,
            message.kind,
            (),
            {},
            task_id=first,
            task_type=current_app.tasks.get(message.kind),
            queue=message.queue,
            producer=producer,
            retry=False,
            ignore_result=True,
            add_to_parent=False,
            argsrepr=text,
            kwargsrepr="{}",
            root_id=first,
            reply_to="",
            delivery_mode="transient",
            headers={"bundle": str(message.id), "jobs": [str(job_id) for job_id in message.ids]},
        )


@pytest.mark.parametrize("kind", ["kinds.add", "of.another.release"])
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_message_is_what_celery_itself_would_send(inbox: Inbox, kind: str, jobs: int) -> None:
    message = a_message(kind=kind, jobs=jobs)
    sent_by_celery(message, "a=1")
    with broker.connected() as producer:
        broker.send(producer, [(message, "a=1")])
    theirs, ours = inbox.raw()
    for raw in (theirs, ours):
        raw["properties"].pop("delivery_tag")  # random
        raw["properties"].pop("reply_to")  # nobody waits for a reply; Celery would name its thread's queue
    for name in ("argsrepr", "kwargsrepr"):  # headers, of which Celery leaves a second copy here
        theirs["properties"].pop(name, None)
    assert ours == theirs


def test_every_header_that_names_the_job_is_filled_in(inbox: Inbox) -> None:
    """Celery makes the blank for an id of its own: nothing of it may be left."""
    one, two = a_message(), a_message()
    headers = [envelope.seal(message, "").headers for message in (one, two)]
    differing = {name for name in headers[0] if headers[0][name] != headers[1][name]}
    assert differing == {"id", "root_id", "bundle", "jobs"}
    marked = current_app.amqp.as_task_v2("the-id", "kinds.add", (), {}, ignore_result=True)
    named = {name for name, value in marked.headers.items() if value == "the-id"}
    named |= {name for name, value in marked.properties.items() if value == "the-id"}
    assert named == {"id", "root_id", "correlation_id"}, "Celery writes the id somewhere else as well now"


def test_one_message_leaves_nothing_in_the_next(inbox: Inbox) -> None:
    first = envelope.seal(a_message(jobs=3), "first")
    first.headers["group"] = "mine"
    first.properties["priority"] = 9
    second = envelope.seal(a_message(), "second")
    assert second.headers["group"] is None
    assert "priority" not in second.properties
    assert second.headers["argsrepr"] == "second"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_names_itself_as_the_origin() -> None:
    mine = envelope.seal(a_message(), "").headers["origin"]
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, str(envelope.seal(a_message(), "").headers["origin"]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert told.read() != mine


@pytest.mark.django_db
class TestContents:
    def test_what_was_sealed_is_found_again(self) -> None:
        message = a_message(jobs=3)
        assert envelope.contents(envelope.seal(message, "").headers) == (message.id, message.ids)

    @pytest.mark.parametrize(
        ("bundle", "jobs"),
        [
            ("no uuid", [AN_ID]),
            (None, [AN_ID]),
            (7, [AN_ID]),
            (AN_ID, []),
            (AN_ID, None),
            (AN_ID, "abc"),
            (AN_ID, {"a": 1}),
            (AN_ID, [AN_ID, "no uuid"]),
            (AN_ID, [None]),
            (AN_ID, [["nested"]]),
            pytest.param("x" * 100_000, ["\x00"], id="long"),
        ],
    )
    def test_a_message_that_names_no_jobs_is_refused_and_told_once(
        self, caplog: pytest.LogCaptureFixture, bundle: object, jobs: object
    ) -> None:
        with pytest.raises(Ignore):
            envelope.contents({"bundle": bundle, "jobs": jobs})
        [line] = caplog.messages
        assert "Its headers name no jobs" in line
        assert len(line) < 1000

    def test_so_is_one_that_lacks_the_header(self) -> None:
        with pytest.raises(Ignore):
            envelope.contents({"bundle": str(uuid4())})
