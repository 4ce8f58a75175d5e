"""`python -m api.cli` is `countersign`."""

from api.cli.main import app

app()
