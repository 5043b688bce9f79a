"""Running the page until a signal: on loopback only, since whoever reaches it can label."""

from __future__ import annotations

from collections.abc import Callable

from trainwright.deployment.server.running import Server, address_of, bind, library_logs
from trainwright.flow.labelling import Desk
from trainwright.pages.labelling.app import LIMITS, create_app


def serve(desk: Desk, *, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; every answer that was acknowledged is on the disk.

    Args:
        desk: Hands out rows and takes answers.
        port: 0 for a free one.
        ready: Told the address once the page is there.

    Raises:
        EnvironmentFault: the port is taken.
    """
    try:
        with bind("127.0.0.1", port) as listener, library_logs():
            server = Server(
                create_app(desk), limits=LIMITS, on_ready=lambda: ready(address_of(listener))
            )
            server.run([listener])
    finally:
        desk.close()
