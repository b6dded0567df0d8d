"""Where tests of moved clocks run, and what is missing where they do not."""

import pytest

from apps.local.chaos import clocks

needs_faketime = pytest.mark.skipif(clocks.library() is None, reason=clocks.MISSING)
