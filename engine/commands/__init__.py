"""The verbs: one file each. A command says what it locks, what it attempts, and applies itself."""
