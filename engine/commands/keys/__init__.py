"""Commands on certificates of keypairs."""
