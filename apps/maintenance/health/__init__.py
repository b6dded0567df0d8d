"""Is the installation well: what each part last wrote to the database, and whether the servers answer.

Asked by the job type ``maintenance.health_check``, and by ``manage.py doctor``, which looks at a machine too.
"""
