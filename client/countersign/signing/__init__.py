"""Signing files: hashing, batches, forms of signatures, verification and manifests."""
