"""Import order lines: the upload form and my imports."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from apps.web.request import LoggedIn


@login_required
def imports(request: LoggedIn) -> HttpResponse:
    """Show the upload form and my imports."""
    return render(request, "imports/imports.html")
