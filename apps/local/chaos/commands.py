"""What each process of a rig runs, by its name."""

from apps.local.chaos.process import TALKATIVE

_QUIET = ("-l", "WARNING")
_ALONE = ("--without-mingle", "--without-gossip")


def arguments(name: str, *, is_celery: bool, concurrency: int, pool: str, has_own_clock: bool) -> list[str]:
    """Return the arguments of Python."""
    if name.startswith("keeper"):
        return ["manage.py", "keeper"]
    if name in TALKATIVE:
        return ["-m", f"apps.local.chaos.produce.{'messages' if is_celery else 'jobs'}"]
    if name.startswith(("worker", "beat")):
        celery = ["-m", "apps.local.chaos.own_clock", "celery"] if has_own_clock else ["-m", "celery"]
        app = "apps.local.chaos.plain_celery" if is_celery else "config"
        if name.startswith("beat"):
            return [*celery, "-A", app, "beat", *_QUIET]
        options = ("-n", f"{name}@%h", "-c", str(concurrency), "-P", pool)
        return [*celery, "-A", app, "worker", *options, *_ALONE, *_QUIET]
    return ["-m", f"apps.local.chaos.{name}"]
