"""Serves the explorer at an address of this machine until it is told to stop. Knows no view."""

import contextlib
import errno
import os
import secrets
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from rnnscope.errors import ConfigError
from rnnscope.explorer.app import create_app
from rnnscope.explorer.guard import LOCAL_HOSTS
from rnnscope.explorer.views.live import Live

PORT = 8015
TRIES = 50
"""Ports that are tried, one after another, where the first is taken."""


def serve(
    work: Path,
    *,
    host: str,
    port: int | None,
    live: Live | None,
    opens: bool,
    say: Callable[[str], None],
    first: str = "",
    promised: Callable[[Path], bool] = lambda folder: False,
) -> None:
    """Answers until it is interrupted. On another address than 127.0.0.1 a token is wanted.

    `first`: what the browser opens, 'text?unit=1.37' say. `promised`: whether a record is being made.

    `say` hears the address, and which port was taken where it was not the first. Raises ConfigError for an
    address that is not this machine's and for a port that there is not.
    """
    if not host:
        raise ConfigError("no address to listen on; try --host 127.0.0.1")
    is_local = host in ("127.0.0.1", "localhost")
    token = None if is_local else secrets.token_urlsafe(24)
    listening = _listening(host, PORT if port is None else port, say)
    with contextlib.closing(listening):
        bound = listening.getsockname()[1]
        names = LOCAL_HOSTS if is_local else (*LOCAL_HOSTS, *_names(host))
        app = create_app(work, live=live, token=token, hosts=names, promised=promised)
        shown = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{bound}/{first}"
        if token:
            address += f"{'&' if '?' in first else '?'}token={token}"
        say(f"{address}  (Ctrl-C ends it)")
        if opens:
            threading.Timer(0.3, webbrowser.open, [address]).start()
        config = uvicorn.Config(
            app, log_level="error", access_log=False, timeout_graceful_shutdown=1, ws_max_size=1 << 20
        )
        with contextlib.suppress(KeyboardInterrupt), _ended_in_order():
            uvicorn.Server(config).run(sockets=[listening])


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM ends the process by an exception, so that what it made for itself is put away. The server hands
    the signal on once it has stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _names(host: str) -> list[str]:
    """What others may call this machine by where it answers to others."""
    if host not in ("0.0.0.0", "::"):
        return [f"[{host}]" if ":" in host else host.lower()]
    # addresses in numbers are answered to anyway, see Guard
    return sorted({socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"})


def _listening(host: str, first: int, say: Callable[[str], None]) -> socket.socket:
    """A socket on the first port that is free. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + TRIES, 65536)):
        # with its protocol: without it asyncio leaves Nagle's algorithm on, and answers end 40 ms late
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name != "nt":  # there it would share a port that is taken
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(128)
        except OSError as error:
            listening.close()
            # reserved ranges of Windows refuse as an administrator's ports do
            is_taken = error.errno == errno.EADDRINUSE or (error.errno == errno.EACCES and port >= 1024)
            if isinstance(error, socket.gaierror) or not is_taken:
                raise ConfigError(
                    f"cannot listen on {host}:{port} ({error.strerror}); try --host 127.0.0.1"
                ) from None
            continue
        if port != first:
            say(f"port {first} is taken; this is {port}")
        return listening
    raise ConfigError(
        f"no port from {first} to {first + TRIES - 1} is free on {host}; choose one with --port"
    )
