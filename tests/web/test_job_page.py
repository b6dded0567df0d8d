"""The page of one job."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.jobs import registry, sql, transitions
from apps.jobs.models import DeadLetter, Job
from apps.jobs.operating import replay
from apps.jobs.operating.dead_letters import Filter
from apps.jobs.states import State
from apps.jobs.transitions import Claim, Trouble
from apps.transfers.models import Import, Upload
from apps.web.shown.state_words import state_word
from tests.jobs import steps
from tests.web.people import BAD, GOOD, HOSTILE, client_of, finished_import_of, import_of, own, person, wrote


def shown(browser: Client, job_id: object, query: str = "") -> str:
    return browser.get(reverse("job", args=[job_id]) + query).content.decode()


def spoke(claim: Claim, done: int, total: int | None, rate: float | None = None) -> None:
    words = {"id": claim.id, "lease": claim.lease, "done": done, "total": total, "note": "", "rate": rate}
    sql.run("progress", words)


@pytest.mark.parametrize("state", State)
def test_a_job_of_any_kind_has_a_page_in_each_state(state: State, browser: Client, owner: User) -> None:
    job = own(steps.job_in(state).id, owner)
    page = shown(browser, job.pk)
    assert f'class="state is-{state.label} state-tag state-big"' in page
    assert ("Cancel job" in page) is not job.has_ended
    assert f"({state_word(state)}) {steps.KIND} · Backline" in " ".join(page.split())


@pytest.mark.parametrize("state", State)
def test_a_page_is_live_until_nothing_can_change(state: State, browser: Client, owner: User) -> None:
    job = own(steps.job_in(state).id, owner)
    assert "data-live=" in shown(browser, job.pk), "the last log lines may still come"
    if job.has_ended:
        Job.objects.filter(pk=job.pk).update(finished_at=F("finished_at") - timedelta(minutes=1))
        assert "data-live=" not in shown(browser, job.pk)


@pytest.mark.parametrize(("state", "is_ended"), [(State.RUNNING, False), (State.DEAD, True)])
def test_an_ended_job_expects_no_log_lines(
    state: State, is_ended: bool, browser: Client, owner: User
) -> None:
    page = shown(browser, own(steps.job_in(state).id, owner).pk)
    assert ("No log lines." in page) is is_ended
    assert ("No log lines yet." in page) is not is_ended


def test_progress_is_said_and_drawn(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    spoke(claim, 31_488, 49_981, 163.0)
    page = shown(browser, claim.id)
    assert "Processed 31,488 of 49,981 (62 %)" in page
    assert '<progress class="bar bar-thick" value="31488" max="49981"' in page
    assert "163 a second now" in page
    assert "about 2 min left" in page
    assert "(62 %) kinds.add" in page


def test_nobody_estimates_in_the_first_five_percent_and_ten_seconds(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    spoke(claim, 4, 100, 1.0)
    assert " left" not in shown(browser, claim.id).partition("</section>")[0]


def test_more_than_expected_never_reads_as_more_than_all(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    spoke(claim, 5_100, 5_000, 10.0)
    page = shown(browser, claim.id)
    assert "Processed 5,100 (expected 5,000)" in page
    assert 'value="5100"' not in page


def test_all_is_only_claimed_at_the_end(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    spoke(claim, 100, 100, 10.0)
    assert "(99 %)" in shown(browser, claim.id)
    transitions.succeed(claim, None)
    assert "(100 %)" in shown(browser, claim.id)


def test_a_lost_worker_is_told_and_not_charged(browser: Client, owner: User) -> None:
    worker_id = steps.a_worker("one@here")
    claim = steps.running(worker_id)
    own(claim.id, owner)
    transitions.rescue([worker_id], max_deaths=3)
    page = shown(browser, claim.id)
    assert "Attempt 1, worker was lost" in page
    assert "Does not count toward its 3 attempts" in page
    assert "worker lost once" in page


def test_a_retrying_job_says_why_and_that_nothing_is_to_be_done(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    transitions.retry(claim, Trouble("The catalogue did not answer in 10 s."), steps.HOUR)
    page = shown(browser, claim.id)
    assert "The catalogue did not answer in 10 s." in page
    assert "1 of 3 attempts failed" in page
    assert "no action needed" in page


def test_a_dead_job_says_what_to_do(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    transitions.bury(claim, Trouble("The file is locked."), {})
    page = shown(browser, claim.id)
    assert "The file is locked." in page
    assert "An administrator can run it again when the cause is fixed." in page
    assert DeadLetter.objects.filter(pk=claim.id).exists()


def test_dead_job_names_the_admin_to_those_who_may_replay(admin_client: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    transitions.bury(claim, Trouble("The file is locked."), {})
    address = reverse("admin:jobs_job_change", args=[claim.id])
    assert f'<a href="{address}">its page in the admin</a>' in shown(admin_client, claim.id)
    assert "Replay" in admin_client.get(address).content.decode()


@pytest.mark.parametrize(
    ("is_staff", "permissions", "is_linked"),
    [
        (True, ("view_job", "replay_deadletter"), True),
        (True, ("view_job",), False),
        (True, ("replay_deadletter",), False),  # the admin would refuse the page
        (False, ("view_job", "replay_deadletter"), False),
    ],
)
def test_dead_job_links_the_admin_only_where_its_viewer_may_replay(
    is_staff: bool, permissions: tuple[str, ...], is_linked: bool, db: None
) -> None:
    viewer = person("ines@aldervale.example", permissions=permissions, is_staff=is_staff)
    claim = steps.running()
    own(claim.id, viewer)
    transitions.bury(claim, Trouble("The file is locked."), {})
    page = shown(client_of(viewer), claim.id)
    assert (reverse("admin:jobs_job_change", args=[claim.id]) in page) is is_linked
    assert ("An administrator can run it again" in page) is not is_linked


def test_file_is_kept_until_a_time_with_its_zone(browser: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Kathmandu")
    run = finished_import_of(owner, GOOD)
    Upload.objects.filter(pk=run.upload_id).update(expires_at=datetime(2046, 12, 8, 20, 30, tzinfo=UTC))
    assert "kept until 9 Dec 2046, 02:15 +0545" in shown(browser, run.job_id)
    User.objects.filter(pk=owner.pk).update(time_zone="Europe/Vienna")
    assert "kept until 8 Dec 2046, 21:30 CET" in shown(browser, run.job_id)


def test_waiting_job_tells_a_user_whom_to_ask(browser: Client, owner: User) -> None:
    job = own(steps.in_line(queue="nowhere"), owner)
    page = shown(browser, job.pk)
    assert "The job stays queued and starts when this is resolved." in page
    assert "Ask an administrator if it lasts." in page


def test_a_finished_import_shows_its_counts_rows_and_files(browser: Client, owner: User) -> None:
    run = finished_import_of(owner, GOOD, BAD, name="november.csv")
    page = shown(browser, run.job_id)
    assert "november.csv" in page
    assert "1 order line imported: 1 new" in page
    assert "Download 1 row to fix" in page
    assert '<span class="cell-bad">many</span>' in page
    assert reverse("rejects", args=[run.job_id]) in page
    assert reverse("upload", args=[run.job_id]) in page


def test_rejected_rows_are_filtered_by_cause_and_paged_by_row(browser: Client, owner: User) -> None:
    bad_dates = [GOOD.replace("2010-12-01 08:26", f"day {number}") for number in range(12)]
    run = finished_import_of(owner, GOOD, *bad_dates, BAD)
    cause = "?column=Quantity&cause=Quantity+is+not+a+whole+number"
    every, filtered = shown(browser, run.job_id), shown(browser, run.job_id, cause)
    assert every.count('data-label="Why"') == 10
    assert filtered.count('data-label="Why"') == 1
    assert "day 0" not in filtered
    later = shown(browser, run.job_id, "?after=12")
    assert later.count('data-label="Why"') == 3


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?after=" + "9" * 30, "?cause=%3Cscript%3E"])
def test_an_odd_address_still_shows_the_page(query: str, browser: Client, owner: User) -> None:
    run = finished_import_of(owner)
    answer = browser.get(reverse("job", args=[run.job_id]) + query)
    assert answer.status_code == 200
    assert b"<script>" not in answer.content.replace(b'<script type="module"', b"")


def test_what_a_file_and_a_log_say_is_only_text(browser: Client, owner: User) -> None:
    hostile_row = f"<img src=x onerror=alert(1)>,85123A,d,6,2010-12-01 08:26,2.55,17850,{'y' * 60}"
    run = finished_import_of(owner, hostile_row, GOOD, name='"><script>alert(1)</script>.csv')
    wrote(Job.objects.get(pk=str(run.job_id)), HOSTILE, "</ol></div><script>", level="warning")
    page = shown(browser, run.job_id)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "</ol></div><script>" not in page


def test_cancelling_an_import_says_what_stays(browser: Client, owner: User) -> None:
    run = import_of(owner)
    Import.objects.filter(pk=run.pk).update(rows_read=31_076, created=31_000, rejected=76)
    assert run.job_id
    steps.claimed(run.job_id, steps.a_worker())
    page = browser.get(reverse("cancel", args=[run.job_id])).content.decode()
    assert "31,000 rows are saved and kept." in page
    assert "Keep running" in page


def test_the_log_shows_its_end_and_all_of_it_on_a_page_of_its_own(browser: Client, owner: User) -> None:
    claim = steps.running()
    job = own(claim.id, owner)
    wrote(job, *[f"line {number}." for number in range(600)])
    page = shown(browser, job.pk)
    assert "line 599." in page
    assert "line 500." not in page
    assert "of 600 lines" in page
    address = reverse("log", args=[job.pk])
    first = browser.get(address).content.decode()
    assert "line 0." in first
    assert "line 500." not in first
    after = first.partition("?after=")[2].partition('"')[0]
    assert "line 599." in browser.get(f"{address}?after={after}").content.decode()


def test_a_job_whose_owner_is_gone_still_has_a_page(owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    admin = User.objects.create_superuser("admin@aldervale.example", "x")
    Job.objects.filter(pk=claim.id).update(owner_id=987_654)
    browser = Client()
    browser.force_login(admin)
    assert browser.get(reverse("job", args=[claim.id])).status_code == 200


def test_a_result_is_never_shown_raw(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    transitions.succeed(claim, {"secret": "<b>hunter2</b>"})
    assert "hunter2" not in shown(browser, claim.id)


def test_what_a_job_does_and_what_it_returned_are_on_its_page(browser: Client, owner: User) -> None:
    claim = steps.running()
    own(claim.id, owner)
    transitions.succeed(claim, {"rows": 7, "secret": "hunter2", "text": "</pre><b>bold</b>" + "x" * 20_000})
    page = shown(browser, claim.id)
    assert registry.summary_of(steps.KIND) in page
    assert "&quot;rows&quot;: 7" in page
    assert "hunter2" not in page
    assert "<b>bold" not in page
    assert page.count("x") < 12_000, "a long result is cut"


def test_who_replayed_a_job_and_what_changed_is_in_its_history(browser: Client, owner: User) -> None:
    claim = steps.running(args={"a": 1, "b": 2})
    own(claim.id, owner)
    transitions.bury(claim, steps.TROUBLE, {"args": claim.args})
    replay.replay(
        Filter(ids=(claim.id,)), actor="ann@example.com", reason="a was wrong", args={"a": 7, "b": 2}
    )
    page = shown(browser, claim.id)
    assert "Replay by ann@example.com" in page
    assert "a was wrong" in page
    assert "<code>a</code> was <code>1</code>, is <code>7</code>" in page
    assert "<code>b</code> was" not in page
