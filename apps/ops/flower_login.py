"""Flower behind the Django login: each request is judged by the Django session that it carries.

Flower has a login of its own kind, which leaves /metrics open, outlives a logout by weeks and knows
one right for everybody. `install` puts ours in its place. config/celery.py calls it when Flower
starts, however it is started; Flower does not listen before that.
"""

import asyncio
import contextvars
from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.urls import reverse
from flower import urls
from flower.api import BaseApiHandler, control
from flower.views import BaseHandler
from flower.views.auth import LoginHandler, LogoutHandler
from flower.views.monitor import Healthcheck
from flower.views.tasks import TasksDataTable
from flower.views.workers import WorkerView
from tornado.options import options
from tornado.web import HTTPError, StaticFileHandler

from apps.ops.addresses import as_seen_from
from apps.ops.visitor import Visitor, visitor_of

ACTING = (
    control.WorkerShutDown,
    control.WorkerPoolRestart,
    control.WorkerPoolGrow,
    control.WorkerPoolShrink,
    control.WorkerPoolAutoscale,
    control.WorkerQueueAddConsumer,
    control.WorkerQueueCancelConsumer,
)
_READS = ("GET", "HEAD", "OPTIONS")
_read_only = contextvars.ContextVar("flower_read_only", default=True)
# The only script inside one of Flower's pages, as its template writes it.
_INLINE = [f"\n  var autorefresh = {value};\n" for value in (0, 1)]
_HASHES = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in _INLINE)
_POLICY = (
    f"default-src 'none'; script-src 'self' {_HASHES}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_stock_xsrf_check = BaseHandler.check_xsrf_cookie


def install() -> None:
    """Put the Django login in front of every page of Flower; raise rather than leave one open."""
    for rule in urls.handlers:
        _guard(rule[1] if isinstance(rule, tuple) else rule.handler_class)
    BaseHandler.prepare = BaseApiHandler.prepare = admit
    BaseHandler.get_current_user = _nobody
    BaseHandler.check_xsrf_cookie = _check_xsrf_cookie
    options.auth = "nobody@login.invalid"  # any value: it switches on Flower's checks; `admit` decides
    options.auth_provider = None
    options.basic_auth = []
    options.address = options.address or "127.0.0.1"


async def admit(handler: BaseHandler) -> None:
    """Let a request in, or answer it: called by tornado before every handler's own method."""
    _harden(handler)
    if isinstance(handler, Healthcheck):
        return
    visitor = await _visitor(handler)
    if visitor is None:
        _send_to_login(handler)
    elif isinstance(handler, LogoutHandler):
        handler.redirect(_web(handler))  # one logs out where one logged in
    else:
        _refuse_what_it_may_not(handler, visitor)
        handler.current_user = visitor.name


class OptionsForVisitor:
    """Flower's options, where `read_only` is answered for the one who asks."""

    def __init__(self, options: object) -> None:
        """Stand in front of Flower's options."""
        self._options = options

    @property
    def read_only(self) -> bool:
        """Say whether the present request may only look: pages hide their buttons then, the API refuses."""
        return _read_only.get()

    def __getattr__(self, name: str) -> Any:  # whatever Flower's option holds
        return getattr(self._options, name)


def _guard(handler: type) -> None:
    if issubclass(handler, StaticFileHandler | LoginHandler):
        return  # style sheets; and a factory of other handlers, each of them guarded
    if not issubclass(handler, BaseHandler):
        raise RuntimeError(
            f"Flower has a page that the login does not know: {handler}. Pin the last version."
        )
    handler.prepare = admit  # type: ignore[attr-defined]  # also where a subclass has its own


def _harden(handler: BaseHandler) -> None:
    if not isinstance(handler.application.options, OptionsForVisitor):
        handler.application.options = OptionsForVisitor(handler.application.options)
    handler.current_user = None
    handler.set_header("Cache-Control", "no-store")
    handler.set_header("X-Frame-Options", "DENY")
    handler.set_header("Referrer-Policy", "same-origin")
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Content-Security-Policy", _POLICY)


async def _visitor(handler: BaseHandler) -> Visitor | None:
    cookie = handler.get_cookie(settings.SESSION_COOKIE_NAME)
    if not cookie or not cookie.isprintable():
        return None
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(handler.application.executor, visitor_of, cookie)
    except (DatabaseError, InterfaceError) as error:
        raise HTTPError(
            HTTPStatus.SERVICE_UNAVAILABLE, "The database is not available. Try again soon."
        ) from error


def _send_to_login(handler: BaseHandler) -> None:
    if isinstance(handler, BaseApiHandler) or handler.request.method not in _READS:
        raise HTTPError(HTTPStatus.UNAUTHORIZED, "Log in to Backline in this browser first.")
    prefix = (options.url_prefix or "").strip("/")
    wanted = handler.request.uri.removeprefix(f"/{prefix}") if prefix else handler.request.uri
    back = f"{reverse('flower')}?{urlencode({'to': wanted})}"
    handler.redirect(f"{_web(handler)}{reverse(settings.LOGIN_URL)}?{urlencode({'next': back})}")


def _web(handler: BaseHandler) -> str:
    return as_seen_from(settings.WEB_URL, handler.request.host_name).rstrip("/")


def _refuse_what_it_may_not(handler: BaseHandler, visitor: Visitor) -> None:
    if not visitor.may_view:
        raise HTTPError(
            HTTPStatus.FORBIDDEN, "You may not see workers. Ask an administrator for the permission."
        )
    acts = isinstance(handler, ACTING)
    if handler.request.method not in _READS and not acts and not isinstance(handler, TasksDataTable):
        raise HTTPError(
            HTTPStatus.FORBIDDEN,
            "Cancel or retry jobs in Backline, not in Flower. Use the page of the job.",
        )
    if acts and not visitor.may_act:
        raise HTTPError(HTTPStatus.FORBIDDEN, "You may look at workers, not change them.")
    _read_only.set(not (visitor.may_act and (acts or isinstance(handler, WorkerView))))


def _nobody(_: BaseHandler) -> None:
    """Know nobody by Flower's own cookie or a password in a header: only `admit` says who it is."""


def _check_xsrf_cookie(handler: BaseHandler) -> None:
    """Check the token always: in stock Flower an Authorization header would switch the check off."""
    handler.request.headers.pop("Authorization", None)
    _stock_xsrf_check(handler)
