"""Which files of tests are about one capability: `make test ROOM=pools`.

Tests are kept by what they drive (services, pages, the command line), capabilities are folders of
the program; so a file belongs to a capability when it imports one of its modules, or is named
after it.
"""

import ast
import sys
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
LEDGER = TESTS.parent / "ledger"
LAYERS = ("services", "queries", "web", "core/bookkeeping")


def rooms() -> set[str]:
    """The capabilities: the folders of the layers that have them."""
    folders = [path for layer in LAYERS for path in (LEDGER / layer).iterdir() if path.is_dir()]
    return {folder.name for folder in folders if (folder / "__init__.py").exists()}


@cache
def imported(path: Path) -> frozenset[str]:
    """Every name of the program that a file imports, with its module."""
    return frozenset(
        f"{node.module}.{name.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    )


def is_about(path: Path, room: str) -> bool:
    """Tell whether a file of tests is about a capability."""
    named = room.rstrip("s") in path.stem.removeprefix("test_")
    layers = tuple(f"ledger.{layer.replace('/', '.')}.{room}" for layer in LAYERS)
    return named or any(
        module == layer or module.startswith(f"{layer}.")
        for module in imported(path)
        for layer in layers
    )


def files_of(room: str) -> list[Path]:
    """The files of tests about a capability. Raises SystemExit for one that there is not."""
    if room not in rooms():
        raise SystemExit(f"There is no capability {room}: {', '.join(sorted(rooms()))}.")
    return [path for path in sorted(TESTS.rglob("test_*.py")) if is_about(path, room)]


if __name__ == "__main__":
    print(*(path.relative_to(TESTS.parent) for path in files_of(sys.argv[1])))
