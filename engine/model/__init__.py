"""The frozen facts that rules see, the words they use, and what can happen."""
