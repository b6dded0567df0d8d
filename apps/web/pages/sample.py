"""The sample file that a newcomer tries first."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404

from apps.web.request import LoggedIn

_SAMPLE = "tests/data/order-lines-sample.csv"


@login_required
def sample(request: LoggedIn) -> FileResponse:  # noqa: ARG001  # a view takes the request
    """Send the sample of real order lines with a few planted mistakes."""
    path = Path(settings.BASE_DIR) / _SAMPLE
    if not path.is_file():
        raise Http404("The sample is not part of this installation.")
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="text/csv")
