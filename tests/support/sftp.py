"""An SSH server with SFTP on the loopback interface, for tests of DVC remotes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import asyncssh


@contextmanager
def sftp_server(folder: Path, key: Path) -> Iterator[int]:
    """Run a server on 127.0.0.1 until the block ends, and yield its port.

    Args:
        folder: the root that clients see.
        key: where to write the private key of the only client that is accepted.
    """
    client = asyncssh.generate_private_key("ssh-ed25519")
    client.write_private_key(key)
    client.write_public_key(key.with_suffix(".pub"))
    loop = asyncio.new_event_loop()
    listening = asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        authorized_client_keys=str(key.with_suffix(".pub")),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(folder)),
    )
    server = loop.run_until_complete(listening)
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.get_port()
    finally:
        server.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.run_until_complete(server.wait_closed())
        loop.close()
