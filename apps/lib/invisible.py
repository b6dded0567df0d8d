"""Characters that are not seen, or steer what shows them; bodies of character classes for ``re``."""

from typing import Final

CONTROL: Final = r"\x00-\x1f\x7f-\x9f"
STEERING: Final = rf"{CONTROL}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"  # logs and terminals
UNSEEN: Final = (
    rf"{CONTROL}\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
