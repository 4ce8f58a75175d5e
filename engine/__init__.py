"""The release-approval engine: lifecycle, approvals, windows, signing and the ledger."""
