"""The command line `countersign`."""

from api.cli.importing import prepare_imports

prepare_imports()
