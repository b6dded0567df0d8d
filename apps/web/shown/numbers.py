"""Numbers that come from an address."""


def whole_number(text: str) -> int:
    """Read a row or line number from an address; what is none counts as 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
