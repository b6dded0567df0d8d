"""The worker: a Celery worker's processes, what they say and who watches them."""
