"""`python -m countersign`: the same as the command `countersign`."""

from countersign.main import main

main()
