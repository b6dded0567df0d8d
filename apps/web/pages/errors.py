"""Pages for what went wrong."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token

from apps.web import theme

_JOB_ROUTES = "jobs/<uuid:job_id>/"
_NOT_YOURS = "Ask an administrator for the permission."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django gives it
    """Say that the request cannot be read; nothing in it is trusted, not even its host name."""
    chosen = theme.chosen(request)
    page = loader.get_template("errors/bad_request.html")
    return HttpResponse(page.render({"theme": chosen if chosen != theme.SYSTEM else ""}), status=400)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django gives it
    """Say that nothing is here."""
    match = request.resolver_match
    context = {"is_job": match is not None and match.route.startswith(_JOB_ROUTES)}
    return render(request, "errors/not_found.html", context, status=404)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that this person may not."""
    return render(request, "errors/forbidden.html", {"sentence": str(exception) or _NOT_YOURS}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that we failed, without the database: it may be what failed."""
    chosen = theme.chosen(request)
    page = loader.get_template("errors/server_error.html")
    return HttpResponse(page.render({"theme": chosen if chosen != theme.SYSTEM else ""}), status=500)
