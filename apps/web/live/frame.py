"""A frame: the parts of a page that changed, on their way to the browser."""

import json
from dataclasses import asdict, dataclass, field
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Frame:
    """Rendered parts by name, and what to say about them."""

    parts: dict[str, str]
    title: str
    step: str  # changes when something is worth saying aloud
    said: str
    ended: bool

    def without(self, known: dict[str, bytes]) -> "Frame":
        """Leave out the parts that were sent before."""
        fresh = {name: html for name, html in self.parts.items() if known.get(name) != digest(html)}
        return Frame(fresh, self.title, self.step, self.said, self.ended)

    def to_json(self) -> str:
        """Write the frame for the browser, on one line."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def version(self) -> str:
        """Return a short name of exactly this content."""
        return digest("\0".join(self.parts.values())).hex()


@dataclass(slots=True)
class Sent:
    """What one stream has sent so far."""

    known: dict[str, bytes] = field(default_factory=dict)
    step: str = ""

    def news(self, frame: Frame) -> Frame | None:
        """Return what of a frame is news, None when nothing is; remember it as sent."""
        fresh = frame.without(self.known)
        if not fresh.parts and frame.step == self.step:
            return None
        self.known.update({name: digest(html) for name, html in fresh.parts.items()})
        self.step = frame.step
        return fresh


def digest(text: str) -> bytes:
    """Return a short fingerprint of a text."""
    return blake2b(text.encode(), digest_size=8).digest()
