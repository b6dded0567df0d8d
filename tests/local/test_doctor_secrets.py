"""The doctor and `manage.py up` show no password of an address, also when a library's error holds it."""

import pytest

from apps.maintenance.health.finding import wrong


@pytest.mark.parametrize(
    "what",
    [
        "redis://:hunter2@here:6379/0 does not answer",
        "amqp://ann:hu/nter2@here// is no address",
        'missing "=" after "password=hunter2" in connection info string',
        "invalid option in host=here password='hunter2'",
    ],
)
def test_a_finding_masks_what_an_error_holds(what: str) -> None:
    assert "nter2" not in wrong("broker", what, "Fix it.").what
