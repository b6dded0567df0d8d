"""Upload: a file somebody handed in, kept for a while under a name of our own."""

from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.lib.ids import new_id


class UploadQuerySet(models.QuerySet["Upload"]):
    """Questions about uploads that more than one place asks."""

    def of(self, user_id: int | None) -> "UploadQuerySet":
        """Keep the files that this person handed in."""
        return self.filter(owner_id=user_id) if user_id is not None else self.none()

    def expired(self) -> "UploadQuerySet":
        """Keep those whose file is due to go."""
        return self.filter(deleted_at=None, expires_at__lte=Now())


class Upload(models.Model):
    """What is known about a file; the row stays when the file goes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="uploads"
    )  # empty: handed in from a shell
    name = models.TextField()  # what the sender called it; for showing only, never a path
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Upload"]] = UploadQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index("expires_at", name="upload_to_expire", condition=Q(deleted_at__isnull=True))
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(size__gte=0), name="upload_size_is_not_negative"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="upload_sha256_is_hexadecimal"
            ),
        ]

    def __str__(self) -> str:
        """Name the file as its sender did."""
        return self.name

    @property
    def path(self) -> Path:
        """Return where the file is: under its id, since nothing a sender wrote may name a file here."""
        return Path(settings.BACKLINE_UPLOADS_DIR) / self.id.hex
