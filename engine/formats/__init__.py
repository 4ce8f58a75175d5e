"""Forms of signatures and of what is signed, and the primitives of both; nothing is stored."""
