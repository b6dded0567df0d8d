"""Event: the base class of what may happen. A subclass names it and says what is known of it."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from apps.jobs import storable

_known: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """A fact, which never changes; its fields are checked when it is made.

    Fields may be added with a default. One that is renamed or gone is missing in facts written before, which
    a replay then says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]

    def __init_subclass__(cls, *, name: str, **kwargs: Any) -> None:
        """Keep its name, under which it is stored: ``class OrderPlaced(Event, name="shop.order_placed")``."""
        super().__init_subclass__(**kwargs)
        other = _known.get(name)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"Two events are called {name!r}: {_place(other)} and {_place(cls)}.")
        cls.name = name
        _known[name] = cls

    def as_json(self) -> str:
        """Return its fields as JSON text; raise ValueError or TypeError for what cannot be stored."""
        try:
            return storable.as_json(self.model_dump(mode="json"))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.name}: its fields {error}. Give ids and plain values.") from None


def known() -> dict[str, type[Event]]:
    """Return every event that the code knows, by name."""
    return dict(_known)


def _place(event: type[Event]) -> str:
    return f"{event.__module__}.{event.__qualname__}"
