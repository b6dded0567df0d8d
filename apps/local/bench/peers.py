"""Other job systems beside ours: scripts of a directory that the caller names, on the rig's own servers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from apps.local.bench.rig import Rig
from apps.local.servers.valkey import ValkeyServer


def measured(rig: Rig, directory: Path, jobs: int = 3000) -> Iterator[dict[str, float | str]]:
    """Yield the figures of each peer that ``run.py`` of the directory prints, one JSON object a line.

    They find a broker that may be emptied in PEER_REDIS and a PostgreSQL in PEER_PG. Their own
    interpreter, with their own packages, is taken from ``.peers`` in the directory when it is there.
    """
    own = directory / ".peers" / "bin" / "python"
    with TemporaryDirectory(prefix="backline-peers-") as home, _open_broker(Path(home)) as broker:
        environment = os.environ | {"PEER_REDIS": broker, "PEER_PG": rig.postgres.url("").rstrip("/")}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        done = subprocess.run(
            [str(own) if own.exists() else sys.executable, "run.py", str(jobs)],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    for line in done.stdout.splitlines():
        figures = json.loads(line)
        yield {"name": figures.pop("peer"), **figures}


@contextmanager
def _open_broker(home: Path) -> Iterator[str]:
    """Run a broker that asks for no password, as the peers expect, on loopback for as long as they run."""
    server = ValkeyServer(home / "valkey")
    with server:
        client = redis.Redis.from_url(server.operator_url())
        client.acl_setuser("default", enabled=True, nopass=True, commands=["+@all"])
        client.close()
        yield f"redis://127.0.0.1:{server.port}"
    server.remove()
