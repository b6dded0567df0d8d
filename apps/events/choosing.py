"""Which facts are meant: by event, by time, or by their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from apps.events.models import Delivery, Fact
from apps.lib.ids import first_id_of

MOST_IDS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFilter:
    """Those that fit all that is given, and every fact when nothing is."""

    name: str = ""
    since: datetime | None = None  # emitted at or after
    until: datetime | None = None  # emitted before
    ids: tuple[UUID, ...] | None = None

    def __post_init__(self) -> None:
        if self.ids is not None and len(self.ids) > MOST_IDS:
            raise ValueError(f"{len(self.ids)} ids are too many. Name at most {MOST_IDS}, or use a filter.")

    def facts(self) -> QuerySet[Fact]:
        """Return the facts that fit now, the oldest first."""
        asked: dict[str, object] = {
            "name": self.name or None,
            "id__gte": self.since and first_id_of(self.since),
            "id__lt": self.until and first_id_of(self.until),
            "id__in": self.ids,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return Fact.objects.filter(**given).order_by("id")

    def as_json(self) -> dict[str, object]:
        """Return what was given, for the record."""
        given: dict[str, object] = {"event": self.name} if self.name else {}
        given |= {"since": self.since.isoformat()} if self.since else {}
        given |= {"until": self.until.isoformat()} if self.until else {}
        return given | ({"ids": [str(fact_id) for fact_id in self.ids]} if self.ids is not None else {})

    def __str__(self) -> str:
        """Say in words what is meant."""
        if self.ids is not None and len(self.ids) == 1:
            return f"event {self.ids[0]}"
        words = [f"event {self.name}"] if self.name else []
        words += [f"since {self.since:%Y-%m-%d %H:%M:%S}"] if self.since else []
        words += [f"until {self.until:%Y-%m-%d %H:%M:%S}"] if self.until else []
        words += [f"{len(self.ids)} selected events"] if self.ids is not None else []
        return f"events: {', '.join(words)}" if words else "all events"


def unheard_by(kinds: Sequence[str], facts: QuerySet[Fact]) -> QuerySet[Fact]:
    """Keep the facts that never started a job of these kinds."""
    return facts.filter(~Exists(Delivery.objects.filter(fact=OuterRef("pk"), kind__in=kinds)))
