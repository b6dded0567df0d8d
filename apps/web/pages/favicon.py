"""The icon that browsers ask for by themselves, on pages that name none too."""

from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static


def favicon(request: HttpRequest) -> HttpResponseRedirect:  # noqa: ARG001  # a view takes the request
    """Send the browser to the mark of the pages."""
    return HttpResponseRedirect(static("mark.svg"), headers={"Cache-Control": "max-age=86400"})
