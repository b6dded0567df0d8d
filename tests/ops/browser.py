"""A browser that asks Flower, and what it is told."""

import http.client
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What Flower said."""

    status: int
    headers: http.client.HTTPMessage
    body: str


@dataclass
class Browser:
    """A browser with cookies, following nothing by itself."""

    port: int
    session: str = ""

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a page."""
        return self._ask("GET", path, headers)

    def post(self, path: str, body: bytes = b"", *, xsrf: bool = True, **headers: str) -> Answer:
        """Send a form, with the token of a page unless told otherwise."""
        if not xsrf:
            return self._ask("POST", path, headers, body)
        cookies = self.get("/workers").headers.get_all("Set-Cookie") or []
        tokens = (one.split(";")[0].removeprefix("_xsrf=") for one in cookies if "_xsrf=" in one)
        token = next(tokens, "none")
        return self._ask("POST", path, {"X-XSRFToken": token} | headers, body, f"_xsrf={token}")

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None, cookie: str = ""
    ) -> Answer:
        cookies = "; ".join(one for one in (self.session, cookie) if one)
        flower = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"} | headers
            flower.request(method, path, body, sent)
            response = flower.getresponse()
            return Answer(response.status, response.headers, response.read().decode(errors="replace"))
        finally:
            flower.close()


def is_up(port: int) -> bool:
    """Say whether Flower answers by now."""
    with suppress(OSError):
        return Browser(port).get("/healthcheck").status == 200
    return False
