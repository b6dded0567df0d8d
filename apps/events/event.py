"""Event: the base class of what may happen. A subclass names it and says what is known of it."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretBytes, SecretStr

from apps.jobs import storable

_known: dict[str, type["Event"]] = {}
_LONGEST_NAME = 100


class Event(BaseModel):
    """A fact, which never changes; its fields are checked when it is made.

    A field may be added with a default, which facts written before are replayed with. One that is renamed or
    gone is missing in those, which a replay then says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]

    def __init_subclass__(cls, *, name: str, **kwargs: Any) -> None:
        """Take its name, under which it is stored: ``class OrderPlaced(Event, name="shop.order_placed")``."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the name, now that the fields are known.

        Raise TypeError or ValueError for an event that could not be stored as it is.
        """
        name: str = kwargs.pop("name")
        super().__pydantic_init_subclass__(**kwargs)
        _check_fields(cls)
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ValueError(f"{_place(cls)}: name {name!r} must have 1 to {_LONGEST_NAME} letters.")
        other = _known.get(name)
        if other is not None and _place(other) != _place(cls):
            raise ValueError(f"Two events are called {name!r}: {_place(other)} and {_place(cls)}.")
        cls.name = name
        _known[name] = cls

    def as_json(self) -> str:
        """Return its fields as JSON text; raise ValueError for what cannot be stored."""
        try:
            return storable.as_json(self.model_dump(mode="json"))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name}: its fields {error}. Give ids and plain values.") from None

    @classmethod
    def defaults(cls) -> dict[str, object]:
        """Return the fields that have a default, as JSON holds them: facts of before may lack these."""
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        return cls.model_construct().model_dump(mode="json", include=optional, warnings=False)


def known() -> dict[str, type[Event]]:
    """Return every event that the code knows, by name."""
    return dict(_known)


def _check_fields(event: type[Event]) -> None:
    """Refuse what would not come back from the ledger as it went in."""
    if "name" in event.model_fields:
        raise TypeError(
            f"{_place(event)}: a field cannot be called name, which is the event's. Say whose name."
        )
    decorators = event.__pydantic_decorators__
    if decorators.field_serializers or decorators.model_serializers:
        raise TypeError(
            f"{_place(event)}: an event has no serializers. Make the field what should be stored."
        )
    for name, field in event.model_fields.items():
        if field.exclude or field.annotation in (SecretStr, SecretBytes):
            raise TypeError(f"{_place(event)}: field {name} would not be stored. Give an id instead.")


def _place(event: type[Event]) -> str:
    return f"{event.__module__}.{event.__qualname__}"
