"""What the pages keep for themselves."""

from typing import ClassVar

from django.db import models


class LoginTry(models.Model):
    """How often somebody at one network address lately failed to log in as one person."""

    id = models.BigAutoField(primary_key=True)
    address = models.TextField()  # the e-mail address as typed, lower case, cut
    ip = models.GenericIPAddressField()
    tries = models.SmallIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "web_login_try"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["address", "ip"], name="login_try_once_per_address_and_ip"),
        ]
        indexes: ClassVar = [models.Index("last_at", name="login_try_by_age")]
        verbose_name_plural = "login tries"

    def __str__(self) -> str:
        """Name who tried, and from where."""
        return f"{self.address} from {self.ip}"
