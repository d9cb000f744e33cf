"""Connects to the scheduler of a Dask cluster, by TLS with Dask's own settings."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import distributed
from distributed.comm.addressing import get_address_host_port
from distributed.comm.core import CommClosedError

from worldmodels.pipeline.errors import UserError

dask: Any = distributed  # which has no types
TLS = "distributed.comm.tls"  # the section of Dask's settings
PEM = {  # key of the section -> what its file must hold
    "ca-file": "CERTIFICATE",
    "client.cert": "CERTIFICATE",
    "client.key": "PRIVATE KEY",
}


def connect(scheduler: str, timeout: float) -> Any:
    """A client of the scheduler.

    Args:
        scheduler: its address, tcp://host:port or tls://host:port.
        timeout: seconds for it to answer.

    Raises:
        UserError: Dask's settings of TLS lack something or cannot be used, or no scheduler answers
            in the way that the address says.
    """
    security = _checked_security(scheduler)
    if scheduler.startswith("tls:"):
        _check_handshake(scheduler, security.get_connection_args("client")["ssl_context"], timeout)
    try:
        return dask.Client(scheduler, security=security, timeout=timeout, set_as_default=False)
    except CommClosedError:
        raise UserError(
            f"compute.scheduler: what answers at {scheduler} hangs up on a Dask client without "
            "TLS; if it is a scheduler with TLS, its address begins with tls://"
        ) from None
    except (OSError, ValueError):
        raise _no_answer(scheduler) from None


def _no_answer(scheduler: str) -> UserError:
    return UserError(
        f"compute.scheduler: no Dask scheduler answers at {scheduler}; start one "
        "('make cluster' does on this machine), or set compute.executor to processes"
    )


def _checked_security(scheduler: str) -> Any:
    """Dask's settings of TLS, if they can be used for the address.

    Dask itself would not say which setting or file is wrong.

    Raises:
        UserError: they cannot.
    """
    try:
        security = dask.Security()
    except ValueError as error:
        raise UserError(f"Dask's settings: {error}") from None
    tls = security.get_tls_config_for_role("client")
    if scheduler.startswith("tls:"):
        missing = [key for key in ("ca_file", "cert") if not tls[key]]
        if missing:
            names = {"ca_file": f"{TLS}.ca-file", "cert": f"{TLS}.client.cert"}
            raise UserError(
                f"compute.scheduler: {scheduler} needs certificates, but Dask's settings have no "
                f"{' and no '.join(names[key] for key in missing)}; docs/clusters.md shows how to "
                "set them"
            )
    elif security.require_encryption:
        raise UserError(
            "compute.scheduler: must be tls://host:port, because Dask's setting "
            f"distributed.comm.require-encryption is true; found {scheduler}"
        )
    if tls["ca_file"] and tls["cert"]:  # which Dask loads for tcp://, too
        _check_files(tls["ca_file"], tls["cert"], tls["key"] or tls["cert"])
        try:
            security.get_connection_args("client")
        except (OSError, ValueError) as error:
            raise UserError(
                f"Dask's settings {TLS} cannot be used, with {tls['cert']} as client.cert: {error}"
            ) from None
    return security


def _check_files(*files: str) -> None:
    """Check that each file of PEM can be read and holds what it must.

    Raises:
        UserError: one cannot, or does not.
    """
    for (key, content), file in zip(PEM.items(), files, strict=True):
        if "\n" in file:  # the PEM itself, which Dask accepts in place of a file
            continue
        try:
            text = Path(file).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise UserError(
                f"Dask's setting {TLS}.{key}: cannot read {file}: {error.strerror}"
            ) from None
        if f"{content}-----" not in text:
            raise UserError(f"Dask's setting {TLS}.{key}: {file} holds no {content.lower()} in PEM")


def _check_handshake(scheduler: str, context: ssl.SSLContext, timeout: float) -> None:
    """Check that what answers at the address, if anything does, takes our TLS.

    Dask's client would not say what is wrong; and without TLS on the other side it would wait for
    seconds in the end, and print a traceback.

    Raises:
        UserError: it does not, or it says nothing.
    """
    host, port = get_address_host_port(scheduler)
    try:
        with (
            socket.create_connection((host, port), timeout) as connection,
            context.wrap_socket(connection, server_hostname=host) as tls,
        ):
            tls.recv(1)  # of a scheduler's greeting; in TLS 1.3 it refuses a certificate only now
    except ssl.SSLError as error:
        if isinstance(error, ssl.SSLCertVerificationError) or "ALERT" in str(error):
            raise UserError(
                f"compute.scheduler: the scheduler at {scheduler} and this process do not agree "
                f"on TLS, for which both need certificates of the same CA (Dask's settings {TLS}): "
                f"{error}"
            ) from None
        raise UserError(
            f"compute.scheduler: what answers at {scheduler} does not speak TLS; if it is a "
            "scheduler without TLS, its address begins with tcp://"
        ) from None
    except TimeoutError:
        raise _no_answer(scheduler) from None
    except OSError:  # the scheduler may just be starting: the client waits for it
        return
