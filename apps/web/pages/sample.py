"""The sample file that a newcomer tries first."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse

from apps.web.attachment import attachment, of_file
from apps.web.request import LoggedIn

_SAMPLE = "tests/data/order-lines-sample.csv"


@login_required
def sample(request: LoggedIn) -> StreamingHttpResponse:  # noqa: ARG001  # a view takes the request
    """Send the sample of real order lines with a few errors."""
    path = Path(settings.BASE_DIR) / _SAMPLE
    if not path.is_file():
        raise Http404("The sample is not part of this installation.")
    return attachment(of_file(path), path.name, size=path.stat().st_size)
