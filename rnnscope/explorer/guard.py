"""Every request's way in: who may ask, and what a page may do. Knows no record.

The explorer serves whoever reaches its port, so a page of another site must not: its name for this machine is
refused (DNS rebinding), and so is what it sends (Origin, Sec-Fetch-Site). On an address that others reach, a
token is wanted besides. Every answer, a failure too, carries what a browser may do with it.
"""

import ipaddress
import json
import re
import secrets
from collections.abc import Sequence
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
COOKIE = "rnnscope"
"""With the port after it: a browser keeps one jar for all ports of a host."""
MOST_BODY_BYTES = 1_000_000
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?")


class Guard:
    """ASGI middleware around the whole app.

    It answers to the names in `hosts` and, where there is a token, to any address written as numbers: who
    rebinds a name has no number to offer.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str] = LOCAL_HOSTS, token: str | None = None) -> None:
        self.app, self.hosts, self.token = app, frozenset(host.lower() for host in hosts), token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        if refusal := self._why_not(scope, headers):
            status, why = refusal
            return await _refuse(why, status, scope, receive, send)
        if self.token is not None and _is_page(scope) and b"token=" in scope["query_string"]:
            return await self._with_cookie(scope)(scope, receive, send)
        await self._answered(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the app says, with the headers; one line where it fails before it says anything."""
        is_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            if not is_begun and scope["type"] == "http":
                body = {"error": "the explorer failed; its terminal says why", "command": ""}
                response = Response(json.dumps(body), 500, media_type="application/json")
                await response(scope, receive, send_with_headers)
            raise

    def _why_not(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 400, "this explorer does not answer to that host name"
        origin = headers.get("origin")
        if origin is not None and _netloc(origin) != hosts[0].lower():
            return 403, "a page of another site may not ask"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and (
            headers.get("sec-fetch-mode") != "navigate" or not _is_page(scope)
        ):
            return 403, "a page of another site may not ask"
        if self.token is not None and not self._has_token(scope, headers):
            return 403, "open the address that was printed, with its token"
        if "transfer-encoding" in headers and "content-length" not in headers:
            return 411, "say how long the body is"
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdecimal()) or len(length) > 12 or int(length) > MOST_BODY_BYTES:
            return 413, f"a body has at most {MOST_BODY_BYTES:,} bytes"
        return None

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        return found[1] in self.hosts or (self.token is not None and _is_address(found[1]))

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        cookies = cookie_parser(headers.get("cookie", ""))
        given.append(cookies.get(_cookie(scope), ""))
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(bearer)
        wanted = (self.token or "").encode()
        return any(secrets.compare_digest(each.encode("utf-8", "replace"), wanted) for each in given)

    def _with_cookie(self, scope: Scope) -> RedirectResponse:
        """The same page without the token in its address, which a cookie holds from now on."""
        query = [pair for pair in parse_qsl(scope["query_string"].decode("latin-1")) if pair[0] != "token"]
        # relative, and one slash alone: '//host' would lead away
        where = "/" + quote(scope["path"].lstrip("/\\")) + (f"?{urlencode(query)}" if query else "")
        response = RedirectResponse(where, 303, headers=HEADERS)
        # not strict: a link in a mail that is read in a browser leads here too
        response.set_cookie(_cookie(scope), self.token or "", httponly=True, samesite="lax")
        return response


async def _refuse(why: str, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        return await send({"type": "websocket.close", "code": 1008, "reason": why})
    await PlainTextResponse(f"rnnscope: {why}\n", status, headers=HEADERS)(scope, receive, send)


def _is_page(scope: Scope) -> bool:
    """Whether it is a page that a reader goes to, and nothing that a page asks for."""
    is_read = scope["type"] == "http" and scope["method"] == "GET"
    return is_read and not scope["path"].startswith(("/api/", "/static/"))


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _cookie(scope: Scope) -> str:
    return f"{COOKIE}-{(scope.get('server') or ('', 0))[1]}"
