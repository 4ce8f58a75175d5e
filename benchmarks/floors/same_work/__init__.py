"""The floor of signing that does the same work: the same rows, hash chain and keys.

It decides nothing. Digests of concurrent callers are gathered, signed and written set-based in one
transaction, by plain statements of the driver.
"""
