"""Programs that cosign and notation run to sign with keypairs of a server."""
