"""The theme switch of the footer."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.views.decorators.http import require_POST

from apps.web import theme
from apps.web.back import back


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme and go back to where it was chosen."""
    choice = request.POST.get("theme", "")
    if choice not in theme.CHOICES:
        return HttpResponseBadRequest("A theme is system, light or dark.")
    response = HttpResponseRedirect(back(request, request.POST.get("next", "")))
    theme.keep(response, choice)
    return response
