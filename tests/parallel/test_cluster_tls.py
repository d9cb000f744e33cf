"""A Dask cluster with TLS, set up by the commands of docs/clusters.md, and wrong settings."""

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from unittest.mock import patch

import dask
import msgspec
import pytest

from tests.support.clusters import Cluster, LoggingSquare
from tests.support.command_tables import typed
from worldmodels.parallel import dask_cluster
from worldmodels.parallel.workers import WorkerPool
from worldmodels.pipeline.config.params import INLINE
from worldmodels.pipeline.errors import UserError

TLS = "distributed.comm.tls"
PREFIX = "DASK_DISTRIBUTED__COMM__TLS__"
CLIENT_CERT = f"{PREFIX}CLIENT__CERT"


def on(address):
    return msgspec.structs.replace(INLINE, executor="dask", scheduler=address)


@contextmanager
def dask_settings(settings):
    """A block in which Dask has these settings, as if it had started with them."""
    try:
        with patch.dict(os.environ, settings):
            dask.config.refresh()
            yield
    finally:
        dask.config.refresh()


def documented_settings(folder):
    """Dask's settings, as environment variables, after the commands of the docs in a folder."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    commands = typed("docs/clusters.md", "Who may use the cluster")
    script = "\n".join(["set -e", *commands, "env -0"])
    result = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, check=True)
    variables = (line.partition("=") for line in os.fsdecode(result.stdout).split("\0"))
    return {name: value for name, _, value in variables if name.startswith(PREFIX)}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return documented_settings(tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="module")
def other_pem(tmp_path_factory):
    """The certificate and key of another cluster."""
    return documented_settings(tmp_path_factory.mktemp("other"))[CLIENT_CERT]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, settings):
    with Cluster(tmp_path_factory.mktemp("cluster"), 1, "tls", settings) as started:
        yield started


@pytest.fixture(scope="module")
def plain_cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("plain"), 0) as started:
        yield started


def error_with(settings, address):
    """What a stage with these settings says of the scheduler at an address."""
    with (
        dask_settings(settings),
        WorkerPool(abs, on(address)) as workers,
        pytest.raises(UserError) as raised,
    ):
        workers.map([0, 1])
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_with_dasks_own_settings_the_results_come_over_tls(cluster, settings, tmp_path):
    assert cluster.address.startswith("tls://")
    with (
        dask_settings(settings),
        WorkerPool(LoggingSquare(tmp_path / "log"), on(cluster.address)) as workers,
    ):
        squares, pids = zip(*workers.map(range(6)), strict=True)
    assert squares == (0, 1, 4, 9, 16, 25)
    assert set(pids) == {cluster.workers[0].pid}


def test_missing_settings_are_named(cluster, settings):
    message = error_with({}, cluster.address)
    assert message.startswith(f"compute.scheduler: {cluster.address} needs certificates, ")
    assert f"no {TLS}.ca-file and no {TLS}.client.cert;" in message
    some = {name: value for name, value in settings.items() if name != CLIENT_CERT}
    assert f"have no {TLS}.client.cert;" in error_with(some, cluster.address)


def test_a_tls_scheduler_under_a_tcp_address_is_reported(cluster, settings):
    address = cluster.address.replace("tls", "tcp")
    for given in ({}, settings):
        message = error_with(given, address)
        assert message.startswith(f"compute.scheduler: what answers at {address} hangs up ")
        assert message.endswith("its address begins with tls://")


def test_a_plain_scheduler_under_a_tls_address_is_reported(plain_cluster, settings):
    address = plain_cluster.address.replace("tcp", "tls")
    for _ in range(3):  # Dask's own client ends in one of two ways, by chance
        message = error_with(settings, address)
        assert message.startswith(
            f"compute.scheduler: what answers at {address} does not speak TLS"
        )
        assert message.endswith("its address begins with tcp://")


def test_a_plain_address_is_refused_where_dask_requires_encryption(plain_cluster):
    settings = {"DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true"}
    message = error_with(settings, plain_cluster.address)
    assert message.startswith("compute.scheduler: must be tls://host:port, because Dask's setting ")


@pytest.mark.parametrize("name", ["CA_FILE", "CLIENT__CERT"])
def test_a_certificate_of_another_ca_is_reported(cluster, settings, other_pem, name):
    message = error_with(settings | {PREFIX + name: other_pem}, cluster.address)
    assert message.startswith(f"compute.scheduler: the scheduler at {cluster.address} and this pro")
    assert f"certificates of the same CA (Dask's settings {TLS}): " in message


@pytest.mark.parametrize("protocol", ["tls", "tcp"])  # Dask loads the files for both
@pytest.mark.parametrize("name", ["CA_FILE", "CLIENT__CERT", "CLIENT__KEY"])
def test_a_file_that_cannot_be_read_is_named_with_its_setting(settings, tmp_path, name, protocol):
    setting = f"Dask's setting {TLS}.{name.lower().replace('__', '.').replace('_', '-')}: "
    address = f"{protocol}://127.0.0.1:1"
    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_bytes(b"\xff")
    message = error_with(settings | {PREFIX + name: str(missing)}, address)
    assert message == f"{setting}cannot read {missing}: No such file or directory"
    message = error_with(settings | {PREFIX + name: str(tmp_path)}, address)
    assert message == f"{setting}cannot read {tmp_path}: Is a directory"
    message = error_with(settings | {PREFIX + name: str(empty)}, address)
    kind = "private key" if name == "CLIENT__KEY" else "certificate"
    assert message == f"{setting}{empty} holds no {kind} in PEM"


def test_settings_that_do_not_fit_together_are_reported(settings, other_pem):
    message = error_with(settings | {f"{PREFIX}CLIENT__KEY": other_pem}, "tls://127.0.0.1:1")
    assert message.startswith(f"Dask's settings {TLS} cannot be used, ")
    assert settings[CLIENT_CERT] in message
    message = error_with(settings | {f"{PREFIX}MAX_VERSION": "1.1"}, "tls://127.0.0.1:1")
    assert message.startswith(f"Dask's settings: {TLS}.max-version=1.1 is not supported")


def test_nothing_at_a_tls_address_is_reported_as_at_a_tcp_address(settings, monkeypatch):
    monkeypatch.setattr(dask_cluster, "SCHEDULER_TIMEOUT", 0.3)
    message = error_with(settings, "tls://127.0.0.1:1")
    assert message.startswith("compute.scheduler: no Dask scheduler answers at tls://127.0.0.1:1;")


def test_a_silent_server_at_a_tls_address_is_reported(settings, monkeypatch):
    monkeypatch.setattr(dask_cluster, "SCHEDULER_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        message = error_with(settings, address)
        server.setblocking(False)
        server.accept()[0].close()
        with pytest.raises(BlockingIOError):  # Dask's client did not wait once more
            server.accept()
    assert message.startswith(f"compute.scheduler: no Dask scheduler answers at {address};")
