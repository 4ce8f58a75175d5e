"""A signer of Countersign whose keys are files, encrypted with a passphrase of their own."""

from passphrase_signer.signer import PassphraseSigner

__all__ = ["PassphraseSigner"]
