"""What every page needs: links, environment, version, zone and theme."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from apps.web import theme
from apps.web.version import version


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the board."""

    words: str
    href: str
    is_here: bool = False


def page(request: HttpRequest) -> dict[str, object]:
    """Return the context of base.html."""
    chosen = theme.chosen(request)
    return {
        "environment": settings.BACKLINE_ENVIRONMENT,
        "links": links(request),
        "version": version(),
        "zone": timezone.get_current_timezone_name(),
        "theme": chosen if chosen != theme.SYSTEM else "",
        "theme_sheet": f"theme-{chosen}.css",
        "chosen_theme": chosen,
        "themes": theme.CHOICES,
    }


def links(request: HttpRequest) -> list[Link]:
    """Return what this person can open from anywhere; only what exists."""
    home, imports = reverse("home"), reverse("imports")
    found = [
        Link("Home", home, request.path == home),
        Link("Imports", imports, request.path.startswith(imports)),
    ]
    user = getattr(request, "user", None)
    if user is not None and user.is_staff:
        found.append(Link("Admin", reverse("admin:index")))
        if settings.FLOWER_URL and user.has_perm("jobs.view_worker"):
            found.append(Link("Flower", reverse("flower")))
    return found
