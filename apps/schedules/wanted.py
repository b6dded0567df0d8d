"""Wanted: a document that was read and can run, from a file, an older version or a copy."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from django.conf import settings
from django.utils import timezone
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from apps.jobs import registry, storable
from apps.schedules import foreign, sun
from apps.schedules.arguments import as_text
from apps.schedules.crontab import parse_line, spelled_out
from apps.schedules.models.policy import MISSED_CAP, MOST_MISSED, Policy
from apps.schedules.near import near
from apps.schedules.row import Row
from apps.schedules.timing import interval_of

_MOST = 2_147_483_647  # PostgreSQL's integer
_SAME = (
    *("name", "task", "enabled", "description", "queue", "exchange", "routing_key", "priority"),
    *("expire_seconds", "missed", "missed_cap", "overlap", "jitter_s", "max_runs"),
)
_TIMINGS = ("cron", "every", "at", "solar")


class BadDocument(ValueError):  # noqa: N818
    """A document that says no schedule; the sentence says where, and what is wrong."""


def _storable(text: str) -> str:
    if storable.clean(text) != text:
        raise ValueError("It holds a NUL character or half a surrogate pair, which PostgreSQL cannot store.")
    return text


Time = Annotated[AwareDatetime, AfterValidator(near)]
Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
Route = Annotated[Text, Field(max_length=200)]
Whole = Annotated[int, Field(ge=0, le=_MOST)]
Period = Literal["days", "hours", "minutes", "seconds", "microseconds"]


class Wanted(BaseModel):
    """What a schedule shall say; what is left out is as it is by default."""

    model_config = ConfigDict(extra="forbid", strict=False, allow_inf_nan=False)

    name: Name
    task: Name
    enabled: bool = True
    description: Text = ""
    cron: Annotated[Text, Field(max_length=500)] | None = None
    timezone: Text | None = None
    every: tuple[Annotated[int, Field(ge=1, le=_MOST)], Period] | None = None
    at: Time | None = None
    solar: tuple[Route, Decimal, Decimal] | None = None
    start_time: Time | None = None
    expires: Time | None = None
    one_off: bool = False
    args: list[Any] | Text = []
    kwargs: dict[str, Any] | Text = {}
    headers: dict[str, Any] | Text = {}
    queue: Route = ""
    exchange: Route = ""
    routing_key: Route = ""
    priority: Annotated[int, Field(ge=0, le=255)] | None = None
    expire_seconds: Whole | None = None
    missed: Policy.Missed = Policy.Missed.LATEST
    missed_cap: Annotated[int, Field(ge=1, le=MOST_MISSED)] = MISSED_CAP
    overlap: Policy.Overlap = Policy.Overlap.ALLOW
    jitter_s: Annotated[int, Field(ge=0, le=86_400)] = 0
    paused_until: Time | None = None
    max_runs: Whole | None = None

    @model_validator(mode="after")
    def has_one_timing(self) -> Self:
        """Refuse none and two, and one that beat would set aside."""
        named = [name for name in _TIMINGS if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"It needs exactly one of cron, every, at and solar; it has {_listed(named)}.")
        if self.expires is not None and self.expire_seconds is not None:
            raise ValueError("Only one of expires and expire_seconds can be set.")
        if self.cron is not None and parse_line(self.cron, self.zone).first_after(timezone.now()) is None:
            raise ValueError(f"No day in the next 40 years matches the crontab line {self.cron!r}.")
        if self.every is not None:
            interval_of(Row(every=self.every[0], period=self.every[1]))
        if self.solar is not None:
            event, latitude, longitude = self.solar
            sun.first_after(event, float(latitude), float(longitude), timezone.now())
        return self

    def row(self) -> Row:
        """Return the row that beat will read when this is written."""
        same = {name: getattr(self, name) for name in _SAME}
        same |= {"missed": self.missed.value, "overlap": self.overlap.value}
        every, period = self.every or (None, None)
        return Row(
            **same,
            args=as_text(self.args),
            kwargs=as_text(self.kwargs),
            headers=as_text(self.headers),
            crontab=[*spelled_out(self.cron).split(), self.zone] if self.cron is not None else None,
            every=every,
            period=period,
            clocked_time=_utc(self.at),
            solar=[self.solar[0], *(f"{degrees:.6f}" for degrees in self.solar[1:])] if self.solar else None,
            one_off=self.one_off or self.at is not None,
            start_time=_utc(self.start_time),
            expires=_utc(self.expires),
            paused_until=_utc(self.paused_until),
        )

    @property
    def zone(self) -> str:
        """Return the zone of the crontab line: the site's, unless it names one."""
        return self.timezone or settings.TIME_ZONE


def read_document(document: object) -> Wanted:
    """Return what a document says; raise BadDocument when that is no schedule, or one that cannot start."""
    try:
        wanted = Wanted.model_validate(document)
    except ValidationError as error:
        raise BadDocument(_told(error)) from None
    _check_start(wanted)
    return wanted


def _check_start(wanted: Wanted) -> None:
    if wanted.task not in registry.kinds():
        if not foreign.is_known(wanted.task):
            raise BadDocument(f"task: no job type or Celery task is called {wanted.task!r}.")
        return
    if wanted.task not in registry.offered():
        raise BadDocument(f"task: {wanted.task} is started by the platform only.")
    if isinstance(wanted.args, str) or isinstance(wanted.kwargs, str):
        raise BadDocument("args and kwargs: a list and an object, not a text.")
    try:
        registry.get(wanted.task).validator.text(wanted.args, wanted.kwargs)
    except (TypeError, ValueError) as error:
        raise BadDocument(str(error)) from None


def _told(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in faults[:5]
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment is not None else None


def _listed(names: list[str]) -> str:
    return " and ".join(names) or "none"
