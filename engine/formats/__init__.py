"""Forms of signatures and of what is signed: pure functions over bytes."""
