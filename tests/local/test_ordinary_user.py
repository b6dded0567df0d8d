"""What root can do, an ordinary user can do without root: run here as root, under another account."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

# The account may not enter where this Python lies, so everything is imported before the change of
# account, and the leash, which needs the standard library alone, runs on the system's Python.
LIFE = """
import encodings.idna, getpass, os, stringprep, sys, traceback
from pathlib import Path
import psycopg, redis
from apps.local.servers.postgres import PostgresServer
from apps.local.servers.secret_key import secret_key
from apps.local.servers.valkey import ValkeyServer

place = Path(sys.argv[1])
os.environ["HOME"] = str(place)
sys.executable = sys.argv[2]
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
with PostgresServer(place / "mine" / "pg") as server, ValkeyServer(place / "mine" / "valkey") as broker:
    assert server.home == server.directory
    server.create_database("backline")
    for step in (server.kill, server.start):
        step()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    client = redis.Redis.from_url(broker.url())
    assert client.ping()
    client.close()
    assert len(secret_key(place / "mine")) > 40
for server in (server, broker):
    server.remove()
print("all is well", os.listdir(place / "mine"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: an ordinary user runs all of these tests as itself")
def test_servers_live_and_die_under_an_ordinary_account() -> None:
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no python3 in /usr/bin or /usr/local/bin, where an ordinary user can run it")
    place = Path(tempfile.mkdtemp(prefix="backline-ordinary-"))
    os.chown(place, 65534, 65534)
    try:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", LIFE, place, python],
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        shutil.rmtree(place)
    assert done.stdout == "all is well ['.backline']\n", done.stderr
