"""A gpg-agent for the signing subkeys of keypairs of the category GPG."""
