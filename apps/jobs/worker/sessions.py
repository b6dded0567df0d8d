"""Keep a worker process's sessions with the database open between messages.

By itself Celery closes them before and after each task, which costs more than all the statements of
a small job. One that broke is replaced before the next message, as Django does between requests, and so is
one that a job or a plain task changed.
"""

from celery.signals import task_prerun, worker_init
from django.db import close_old_connections, connections
from django.db.backends.signals import connection_created

from apps.jobs.origin import running
from apps.jobs.sessions import watch


@worker_init.connect(weak=False)
def _keep_open(**_: object) -> None:
    """Let no session grow too old, in this process and in its later children."""
    for known in connections.settings.values():
        known["CONN_MAX_AGE"] = None
    connection_created.connect(watch.start(attempt=running.get), weak=False, dispatch_uid="watch")
    task_prerun.connect(_replace_broken, weak=False)


def _replace_broken(**_: object) -> None:
    watch.drop_changed_by_tasks()
    close_old_connections()
