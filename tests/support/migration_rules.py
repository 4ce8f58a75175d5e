"""What a migration may not do while the version before it still runs: read off its source."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

#: What the first release brings is made at once, on no data.
FIRST_RELEASE = 4
#: Few rows, whatever an installation does: to build an index on them takes no time.
SMALL = frozenset({"accounts", "key_checks", "roles", "teams", "webhooks"})


def revision_in(path: Path) -> str:
    """The migration's id."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "revision":
            revision: str = ast.literal_eval(node.value)
            return revision
    raise AssertionError(f"{path.name} has no revision")


def faults(source: str) -> list[str]:
    """Each operation that the version before would not survive, with its line."""
    tree = ast.parse(source)
    new_tables = {_first_text(call) for name, call in _operations(tree) if name == "create_table"}
    found = []
    altered = {
        _table_of(name, call) for name, call in _operations(tree) if name in _RULES
    } - new_tables
    if len(altered - {None}) > 1:
        found.append("locks several tables, and who works with them may lock them in another order")
    for name, call in _operations(tree):
        rule = _RULES.get(name)
        fault = rule(call) if rule is not None else None
        on_new_table = _table_of(name, call) in new_tables
        if fault is not None and not on_new_table:
            found.append(f"line {call.lineno}: {name}: {fault}")
    return found


def _operations(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Calls like `op.add_column(...)` and `batch.add_column(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def _dropped(_call: ast.Call) -> str:
    return "the version before still uses it: a contraction, which says so in its id"


def _added_column(call: ast.Call) -> str | None:
    column = next((a for a in call.args if isinstance(a, ast.Call)), None)
    if column is None:
        return None
    is_nullable = _keyword(column, "nullable") is not False
    if is_nullable or any(word.arg == "server_default" for word in column.keywords):
        return None
    return "NOT NULL without a server default: the version before does not fill it"


def _altered_column(call: ast.Call) -> str | None:
    names = {word.arg for word in call.keywords}
    if "new_column_name" in names or "type_" in names:
        return "renamed or of another type: add a column, fill it, move over, drop the old one"
    if _keyword(call, "nullable") is False:
        return "NOT NULL, which the version before does not know: a contraction"
    return None


def _made_index(call: ast.Call) -> str | None:
    if _keyword(call, "unique") is True:
        return "unique: the version before does not heed it, and may be stopped by it"
    if _table_of("create_index", call) in SMALL:
        return None
    return "writing stands still meanwhile: use engine.persistence.db.concurrent_index.build_index"


def _made_constraint(call: ast.Call) -> str | None:
    if _keyword(call, "postgresql_not_valid") is True:
        return None
    return "all rows are read under a lock: make it NOT VALID, and validate it in the next"


def _dropped_constraint(call: ast.Call) -> str | None:
    # To widen a CHECK it is dropped and made anew.
    return None if _keyword(call, "type_") == "check" else _dropped(call)


_RULES: dict[str, Callable[[ast.Call], str | None]] = {
    "drop_table": _dropped,
    "drop_column": _dropped,
    "rename_table": _dropped,
    "drop_constraint": _dropped_constraint,
    "add_column": _added_column,
    "alter_column": _altered_column,
    "create_index": _made_index,
    "create_unique_constraint": lambda _: "use a unique index, in a contraction",
    "create_check_constraint": _made_constraint,
    "create_foreign_key": _made_constraint,
}


def _keyword(call: ast.Call, name: str) -> object:
    for word in call.keywords:
        if word.arg == name and isinstance(word.value, ast.Constant):
            return word.value.value
    return None


def _first_text(call: ast.Call) -> str | None:
    return _text(call.args[0]) if call.args else None


def _table_of(name: str, call: ast.Call) -> str | None:
    place = {"create_index": 1, "create_foreign_key": 1, "create_check_constraint": 1}.get(name, 0)
    return _text(call.args[place]) if len(call.args) > place else None


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
