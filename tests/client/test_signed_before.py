"""Which signatures the client says were made before its run, also when it has waited for long."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from countersign.cli.runs import sign
from countersign.releases import lookups
from countersign.signing.names import FormName
from countersign.signing.run import RunResult

ASKED_AT = datetime(2030, 6, 3, 12, tzinfo=UTC)


class Clock:
    """The seconds of this machine; waiting takes an hour of them."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, *_: Any) -> None:
        self.seconds += 3600


def options(file: Path) -> sign.SignOptions:
    return sign.SignOptions(
        files=[file],
        key="vault",
        release="Nightly",
        wait="",
        form=FormName.RAW,
        digest=None,
        namespace="",
        out=None,
        manifest=None,
        is_atomic=False,
        is_dry_run=False,
        context=(),
    )


@pytest.mark.parametrize(("minutes", "is_before"), [(59, True), (61, False)])
def test_what_another_run_signed_while_this_one_waited_was_there_before(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    minutes: int,
    is_before: bool,
) -> None:
    clock, file = Clock(), tmp_path / "file"
    file.touch()
    made_at = (ASKED_AT + timedelta(minutes=minutes)).isoformat()
    signed: Any = SimpleNamespace(
        signature=SimpleNamespace(created_at=made_at, release=None), signature_path=file
    )
    answer = {"serverTime": ASKED_AT.isoformat(), "keypair": {"alias": "vault", "successor": None}}
    connection = SimpleNamespace(run=lambda *_, **__: answer)
    monkeypatch.setattr(lookups, "time", clock)
    replaced: dict[str, Any] = {
        "connect": lambda: nullcontext(connection),
        "release_named": lambda *_: {"id": "1", "name": "Nightly"},
        "_order": lambda *_: SimpleNamespace(form=SimpleNamespace(suffix=".sig")),
        "wait_until_open": clock.wait,
        "_sign": lambda *_: RunResult(signed=[signed]),
    }
    for name, stand_in in replaced.items():
        monkeypatch.setattr(sign, name, stand_in)
    sign.run(options(file))
    assert ("1 file was signed before" in capsys.readouterr().err) is is_before
