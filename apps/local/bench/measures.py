"""What `manage.py bench` can measure: one file each, run on a rig, printing its figures as JSON."""

MEASURES = {
    "bulk": "apps.local.bench.bulk",
    "single": "apps.local.bench.single",
    "celery": "apps.local.bench.celery_bare",
    "pickup": "apps.local.bench.pickup",
    "hung": "apps.local.bench.hung_broker",
    "rescue": "apps.local.bench.rescue",
    "backlog": "apps.local.bench.backlog",
    "history": "apps.local.bench.history",
    "upkeep": "apps.local.bench.upkeep",
    "import": "apps.local.bench.order_lines",
    "schedules": "apps.local.bench.schedules",
}
REFERENCE = "celery"  # bare Celery, measured beside whatever is compared with it
COMPARED = ("bulk", "single")
LONG = ("backlog", "history", "schedules", "upkeep")  # many rows: only when asked for by name
