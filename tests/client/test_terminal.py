"""No text of a server, of a file or of a tool makes a terminal do anything."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign import main
from countersign.cli.output import print_json, print_pairs, print_rows
from countersign.cli.runs.verify import VerifyOptions, run
from countersign.connection.retry import RetryPlan
from countersign.errors import ClientError, RefusedError, TransientError
from countersign.signing.names import FormName
from countersign.terminal import notice

#: Clears the screen; also in one character, as terminals that know C1 take it. Then a bell, a new
#: line, and what turns the direction of writing round.
HOSTILE = "a\x1b[2J\x9b2J\x07\r\n\u202eb"
FILTERED = "a [2J 2J    b"


def test_the_line_of_a_refusal_has_no_control_characters() -> None:
    shown = notice("OUTSIDE_WINDOW", "Release \x1b[2J\r\n2.0\x07 is ‘späte’.")
    assert shown == "countersign: OUTSIDE_WINDOW: Release  [2J  2.0  is ‘späte’."


def test_names_of_files_in_a_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(HOSTILE).write_bytes(b"content")
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path("key.pem").write_bytes(pem)
    entry = {"name": HOSTILE, "signature": ""}
    manifest = {
        "format": "countersign-manifest-1",
        "form": "raw",
        "digestAlgorithm": "sha256",
        "files": [entry],
    }
    Path("manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ClientError, match="SIGNATURE_INVALID"):
        run(
            VerifyOptions(
                files=[],
                public_key=Path("key.pem"),
                key=None,
                signature=None,
                out=None,
                manifest=Path("manifest.json"),
                form=FormName.RAW,
                digest=None,
                namespace="file",
            )
        )
    assert capsys.readouterr().out.startswith(f"{FILTERED}: the signature is not")


def test_cells_of_tables_and_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    print_pairs([("name", HOSTILE)])
    print_rows([{"name": HOSTILE}], None, ["NAME"], lambda row: [row["name"], "x"])
    assert capsys.readouterr().out == f"name  {FILTERED}\n{FILTERED}\tx\n"


def test_cells_of_tables_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_rows([{"name": HOSTILE}], None, ["NAME"], lambda row: [row["name"]])
    shown = capsys.readouterr().out
    assert FILTERED in shown
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)


def test_json_keeps_the_text_and_escapes_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": f"{HOSTILE} späte \U000e0001"})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"name": f"{HOSTILE} späte \U000e0001"}
    assert "späte" in shown
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("error", [RefusedError("CODE", HOSTILE), OSError(HOSTILE)])
def test_what_a_command_ends_with(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> Any:
        raise error

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit):
        main.main()
    assert capsys.readouterr().err.endswith(f": {FILTERED}\n")


def test_why_an_operation_is_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        error = TransientError("BUSY", HOSTILE, did_nothing=True)
        RetryPlan(60, is_repeatable=True).delay_after(error)
    assert FILTERED in caplog.text
