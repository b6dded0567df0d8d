"""Users: people who log in by e-mail address."""

from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower


def is_time_zone(name: str) -> None:
    """Raise ValidationError for a name that is no time zone."""
    if name not in available_timezones():
        raise ValidationError(f"There is no time zone called {name!r}. Use a name such as Europe/London.")


class PeopleManager(UserManager["User"]):
    """Makes users whose login is their e-mail address."""

    def create_user(  # type: ignore[override]  # no user name here: the address is the login
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        """Make a user who may log in."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        """Make a user who may do everything."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by address, however its letters are cased."""
        return self.alias(address=Lower("email")).get(address=Lower(Value(username)))  # as the index has it


class User(AbstractUser):
    """A person; the e-mail address is the login, whatever its case."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        validators=[is_time_zone],
        help_text="In which this person sees times, such as Europe/London. Empty: the zone of the site.",
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_is_unique_whatever_its_case")
        ]

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone in which this person sees times; the site's where theirs is not known here."""
        try:
            return ZoneInfo(self.time_zone or settings.TIME_ZONE)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo(settings.TIME_ZONE)

    @property
    def shown_name(self) -> str:
        """Return what to call this person on a page."""
        return self.get_full_name() or self.email.partition("@")[0]

    @property
    def initials(self) -> str:
        """Return one or two letters for the avatar."""
        words = self.shown_name.replace(".", " ").split()
        return "".join(word[0] for word in words[:2]).upper() or "?"
