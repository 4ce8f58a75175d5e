"""The pure rules of a release: the table of transitions and what it is made of."""
