"""TLS and mTLS over a real server: who gets in, and certificates replaced while serving."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chewie.client import AsyncTriageClient, Tls, TriageError
from inference_svc.tls import TlsError, TlsFiles, server_credentials
from tests.inference_svc.certificates import Authority, Pair
from tests.inference_svc.fakes import a_request, run, serving


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


def tls_settings(pair: Pair, **more: Any) -> dict[str, Any]:
    files = {"tls_cert_file": pair.cert, "tls_key_file": pair.key}
    return {**files, "health_port": 0, **more}


async def asked(target: str, tls: Tls | None) -> int:
    async with AsyncTriageClient(target, tls=tls, max_attempts=1) as client:
        return int((await client.assess(a_request(), timeout_seconds=10)).urgency)


def test_tls_serves_who_trusts_the_ca_and_nobody_else(authority: Authority, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(None, **tls_settings(authority.issue("server"))) as running:
            assert await asked(running.target, Tls(ca_file=authority.cert_file))
            for tls in (None, Tls(ca_file=Authority(tmp_path / "other").cert_file)):
                with pytest.raises(TriageError) as caught:
                    await asked(running.target, tls)
                assert caught.value.code is grpc.StatusCode.UNAVAILABLE

    run(scenario())


def test_mtls_serves_only_clients_of_its_ca(authority: Authority, tmp_path: Path) -> None:
    async def scenario() -> None:
        settings = tls_settings(authority.issue("server"), tls_client_ca_file=authority.cert_file)
        known = authority.issue("client")
        stranger = Authority(tmp_path / "other").issue("client")
        async with serving(None, **settings) as running:
            trust = authority.cert_file
            good = Tls(ca_file=trust, cert_file=known.cert, key_file=known.key)
            assert await asked(running.target, good)
            bad = Tls(ca_file=trust, cert_file=stranger.cert, key_file=stranger.key)
            for tls in (Tls(ca_file=trust), bad):
                with pytest.raises(TriageError) as caught:
                    await asked(running.target, tls)
                assert caught.value.code is grpc.StatusCode.UNAVAILABLE

    run(scenario())


def test_health_is_plain_on_a_port_of_its_own(authority: Authority) -> None:
    async def scenario() -> None:
        async with serving(None, **tls_settings(authority.issue("server"))) as running:
            target = f"127.0.0.1:{running.service.health_port}"
            async with grpc.aio.insecure_channel(target) as channel:
                stub = health_pb2_grpc.HealthStub(channel)
                answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

    run(scenario())


def test_replaced_certificate_counts_for_the_next_connection(tmp_path: Path) -> None:
    async def scenario() -> None:
        old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
        pair = old.issue("server")
        async with serving(None, **tls_settings(pair)) as running:
            assert await asked(running.target, Tls(ca_file=old.cert_file))
            fresh = new.issue("server")
            fresh.cert.replace(pair.cert)
            fresh.key.replace(pair.key)
            assert await asked(running.target, Tls(ca_file=new.cert_file))
            with pytest.raises(TriageError):
                await asked(running.target, Tls(ca_file=old.cert_file))

    run(scenario())


def test_broken_replacement_leaves_the_good_certificate_in_force(authority: Authority) -> None:
    async def scenario() -> None:
        pair = authority.issue("server")
        async with serving(None, **tls_settings(pair)) as running:
            pair.key.write_text("half written")
            assert await asked(running.target, Tls(ca_file=authority.cert_file))

    run(scenario())


def test_key_of_another_certificate_is_refused_at_start(authority: Authority) -> None:
    one, other = authority.issue("one"), authority.issue("other")
    with pytest.raises(TlsError, match="no certificate with its key"):
        server_credentials(TlsFiles(cert=one.cert, key=other.key))
