"""The way to Flower: from links in pages, and back there after a login."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.request import split_domain_port
from django.views.decorators.http import require_safe

from apps.ops.addresses import as_seen_from
from apps.ops.visitor import MAY_VIEW


@require_safe
@login_required
def flower(request: HttpRequest) -> HttpResponseRedirect:
    """Send people who may see workers to Flower, to the path in ``to``; never to another site."""
    if not settings.FLOWER_URL:
        raise Http404("Flower has no address. Set BACKLINE_FLOWER_URL.")
    if not request.user.has_perm(MAY_VIEW):
        raise PermissionDenied("You may not see workers. Ask an administrator for the permission.")
    host, _ = split_domain_port(request.get_host())
    root = as_seen_from(settings.FLOWER_URL, host).rstrip("/")
    # The slash ends the host name, whatever a stranger put into the link.
    return HttpResponseRedirect(f"{root}/{request.GET.get('to', '').lstrip('/')}")
