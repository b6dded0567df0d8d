"""Answer /healthz and /metrics over HTTP on loopback, from a thread of the process they are about."""

import logging
import os
import socketserver
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

log = logging.getLogger("backline.health")

_SILENCE_S = 5  # from a client that connected and asks nothing
_HOST = "127.0.0.1"


def answer(port: int, *, trouble: Callable[[], str], metrics: Callable[[], str]) -> int | None:
    """Answer on this port, or on a free one for 0, until the process ends; return the port.

    ``trouble`` says in a sentence why the process is not well, or nothing. A port that is taken is said in
    the log and not waited for: a worker is there for its jobs.
    """
    pages = {
        "/healthz": lambda: _health(trouble()),
        "/metrics": lambda: (200, metrics() + "".join(more() for more in _more_metrics)),
        **_more_pages,
    }
    handler = type("Handler", (_Handler,), {"pages": pages})
    try:
        server = _Server((_HOST, port), handler)
    except OSError as error:
        log.warning("no health and metrics on %s:%d: %s", _HOST, port, error.strerror or error)
        return None
    os.register_at_fork(after_in_child=server.socket.close)  # else an orphan would keep the port
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return int(server.server_address[1])


def add_page(path: str, page: Callable[[], tuple[int, str]]) -> None:
    """Answer one more path in every process, with a status and a text, when an app above this one starts."""
    _more_pages[path] = page


def add_metrics(metrics: Callable[[], str]) -> None:
    """Add to the metrics of every process."""
    _more_metrics.append(metrics)


def label(value: str) -> str:
    """Escape the value of a label as Prometheus reads it."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


_more_pages: dict[str, Callable[[], tuple[int, str]]] = {}
_more_metrics: list[Callable[[], str]] = []


def _health(trouble: str) -> tuple[int, str]:
    return (503, f"{trouble}\n") if trouble else (200, "well\n")


def _listed(paths: Iterable[str]) -> str:
    *others, last = sorted(paths)
    return f"{', '.join(others)} or {last}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking a name server for our name, as the class above would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[dict[str, Callable[[], tuple[int, str]]]]
    timeout = _SILENCE_S

    def do_GET(self) -> None:  # the class above looks for this name
        """Answer with a page, or say that there is none."""
        page = self.pages.get(self.path.partition("?")[0])
        status, text = page() if page else (404, f"Ask for {_listed(self.pages)}.\n")
        body = text.encode(errors="replace")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the log for what matters."""
