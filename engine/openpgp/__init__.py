"""OpenPGP (RFC 9580, version 4): pure functions from raw keys and signatures to packets."""
