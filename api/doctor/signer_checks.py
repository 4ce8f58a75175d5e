"""Checks whether signers can be used."""

from __future__ import annotations

from api.doctor.report import CheckResult, failed, passed
from engine.signers.base import Signer, SignerFailed
from engine.signers.guard import check_health


def check_signer(signer: Signer) -> CheckResult:
    """Check a signer's health if it has a health check; otherwise that it was loaded."""
    name = f"signer {signer.name}"
    try:
        if not check_health(signer):
            return passed(name, "It is configured.")
    except SignerFailed as error:
        return failed(name, str(error), "Keypairs with it cannot sign until this is mended.")
    return passed(name, "It is ready to sign.")
