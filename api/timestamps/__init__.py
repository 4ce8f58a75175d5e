"""Time stamps over signatures, by an authority that the operator chooses."""
