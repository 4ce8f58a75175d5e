"""What `countersign doctor` looks at: whether this installation can do what it is for."""
