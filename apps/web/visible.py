"""Who may see and touch which job.  Every page that names a job asks here and nowhere else.

Seeing: one's own jobs; those of others with the permission ``jobs.view_job``, being staff is not enough.
The contents of files (uploads, rejected rows, what a job left) are their owner's alone; what a job without
an owner left, such as a schedule's, is for those with ``jobs.view_artifact``. Cancelling: one's own jobs,
those of others with ``jobs.cancel_job``. What one may not see does not exist: 404.
"""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404

from apps.accounts.models import User
from apps.jobs.models import Job
from apps.jobs.models.job import JobQuerySet

Person = User | AnonymousUser | AbstractBaseUser


def visible_to(user: Person) -> JobQuerySet:
    """Return the jobs this person may know of."""
    jobs = JobQuerySet(Job)
    if not isinstance(user, User) or not user.is_active:
        return jobs.none()
    return jobs.all() if user.has_perm("jobs.view_job") else jobs.of(user.pk)


def job_or_404(user: Person, job_id: UUID) -> Job:
    """Return a job this person may know of."""
    job = visible_to(user).filter(pk=job_id).select_related("worker", "owner").first()
    if job is None:
        raise Http404("No such job.")
    return job


def owned_or_404(user: Person, job_id: UUID) -> Job:
    """Return a job whose files are this person's."""
    job = job_or_404(user, job_id)
    if not is_owner(user, job):
        raise Http404("No such file.")
    return job


def is_owner(user: Person, job: Job) -> bool:
    """Say whether this person started the job."""
    return user.pk is not None and job.owner_id == user.pk


def may_open_artifacts(user: Person, job: Job) -> bool:
    """Say whether this person gets the files that the job left."""
    if job.owner_id is not None:
        return is_owner(user, job)
    return isinstance(user, User) and user.has_perm("jobs.view_artifact")


def may_cancel(user: Person, job: Job) -> bool:
    """Say whether this person may stop the job."""
    return is_owner(user, job) or (isinstance(user, User) and user.has_perm("jobs.cancel_job"))


def check_may_cancel(user: Person, job: Job) -> None:
    """Refuse to stop a job that this person may only look at."""
    if not may_cancel(user, job):
        raise PermissionDenied(
            "This job belongs to another person. You need the permission to cancel jobs of others."
        )
