"""A device that holds keys is told of in `/readyz` and `/metrics`, and leaves the service ready."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api import app as app_module
from api.app import create_app
from api.observability import signer_health
from api.observability.signer_health import SignerHealth
from engine.signers.base import SignerContext, SignerFailed
from engine.signers.keyring import Keyring
from engine.signers.local import LocalSigner
from tests.api.test_app import settings

AWAY = "The HSM cannot be reached. Check that it is connected and running."


class Device(LocalSigner):
    """A signer that can tell how it is."""

    name = "device"
    capabilities = replace(LocalSigner.capabilities, checks_health=True)

    def __init__(self) -> None:
        super().__init__(SignerContext(Keyring([bytes(range(32))]), {}))
        self.error: Exception | None = None
        self.calls = 0
        self.answers = Event()
        self.answers.set()

    def health(self) -> None:
        self.calls += 1
        self.answers.wait(30)
        if self.error is not None:
            raise self.error


@pytest.fixture
def device() -> Any:
    device = Device()
    yield device
    device.answers.set()


def always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signer_health, "SIGNER_HEALTH_SECONDS", 0.0)


@pytest.mark.parametrize("error", [SignerFailed(AWAY), OSError("no route to host")])
def test_it_is_ready_as_often_as_it_answers(
    device: Device, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    always_asked(monkeypatch)
    health = SignerHealth({"device": device, "local": LocalSigner})  # type: ignore[dict-item]
    assert health.ready() == {"device": True}
    device.error = error
    with capture_logs() as logs:
        assert [health.ready() for _ in range(3)] == [{"device": False}] * 3
        device.error = None
        assert health.ready() == {"device": True}
    events = [
        entry["event"]
        for entry in logs
        if entry["event"].startswith("signer_")
        and entry["event"] != "signer_raised_unexpected_error"
    ]
    assert events == ["signer_not_ready", "signer_ready_again"]


def test_an_answer_is_kept_for_a_while(device: Device) -> None:
    health = SignerHealth({"device": device})
    assert [health.ready() for _ in range(5)] == [{"device": True}] * 5
    assert device.calls == 1


def test_one_that_hangs_is_not_ready_and_is_asked_once_at_a_time(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_asked(monkeypatch)
    monkeypatch.setattr(signer_health, "SIGNER_ANSWER_SECONDS", 0.01)
    health = SignerHealth({"device": device})
    device.answers.clear()
    assert [health.ready() for _ in range(3)] == [{"device": False}] * 3
    assert device.calls == 1
    device.answers.set()
    monkeypatch.setattr(signer_health, "SIGNER_ANSWER_SECONDS", 30.0)
    assert health.ready() == {"device": True}


def test_metrics_tell_it(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    always_asked(monkeypatch)
    registry = CollectorRegistry()
    registry.register(SignerHealth({"device": device}))
    assert b'countersign_signer_up{signer="device"} 1.0' in generate_latest(registry)
    device.error = SignerFailed(AWAY)
    assert b'countersign_signer_up{signer="device"} 0.0' in generate_latest(registry)


def test_readiness_tells_it_and_holds_without_it(
    device: Device, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    always_asked(monkeypatch)
    built = app_module.build_runtime

    def with_device(*words: Any, **more: Any) -> Any:
        runtime = built(*words, **more)
        system = replace(runtime.system, signers={**runtime.system.signers, "device": device})
        return replace(runtime, system=system)

    monkeypatch.setattr(app_module, "build_runtime", with_device)
    with TestClient(create_app(settings(database_url), worker=False)) as client:
        assert client.get("/readyz").json() == {"status": "ready", "signers": {"device": "ready"}}
        device.error = SignerFailed(AWAY)
        answer = client.get("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "signers": {"device": "not ready"}}
