"""Nothing is kept that no entry point reaches, tests being none.

vulture names what no code of ours mentions; what frameworks call by a decorator, and what templates
show, is told apart here. The rest has to be wired or to go.
"""

import re
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[1]
SOURCES = ("ledger", "reports", "migrations", "wsgi.py")
# Called by Flask, click, SQLAlchemy, marshmallow and others who find them by a decorator.
DECORATORS = [
    *("@pages.*", "@api.*", "@app.*", "@blueprint.*", "@event.*", "@command*", "@cli.*"),
    *("@pre_load", "@post_load", "@post_dump", "@pre_dump", "@validates*"),
    *("@*.get", "@*.post", "@*.put", "@*.patch", "@*.delete", "@*.route", "@*.before_request"),
    *("@*.command", "@*.group", "@*.errorhandler"),
]
# Found by name: who looks for it.
BY_NAME = {
    "Meta": "marshmallow",
    "process_bind_param": "SQLAlchemy",
    "process_result_value": "SQLAlchemy",
    "load_config": "gunicorn",
    "handle_exit": "gunicorn",
    "channel_class": "waitress",
    "upgrade": "alembic",
    "downgrade": "alembic",
    "_openapi_json": "flask-smorest",
    "_register_error_handlers": "flask-smorest",
    "UntypedStripeObject": "a type in quotes",
    "WSGIApplication": "a type in quotes",
}
KINDS = {"function", "class", "method", "property", "import", "unreachable_code"}


def unreached(paths: list[Path]) -> set[str]:
    """Return the names of functions, classes and imports that nothing mentions."""
    found = Vulture(ignore_decorators=DECORATORS)
    found.scavenge([str(path) for path in paths])
    shown = " ".join(page.read_text() for page in ROOT.rglob("templates/**/*.html"))
    return {
        item.name
        for item in found.get_unused_code()
        if item.typ in KINDS and not re.search(rf"[.|(]\s*{re.escape(item.name)}\b", shown)
    }


def test_nothing_is_kept_that_nothing_reaches() -> None:
    found = unreached([ROOT / source for source in SOURCES])
    assert found - BY_NAME.keys() == set()


def test_what_nothing_reaches_is_noticed(tmp_path: Path) -> None:
    room = tmp_path / "room.py"
    room.write_text("def reached(): pass\ndef passed_over(): pass\nreached()\n")
    assert unreached([room]) == {"passed_over"}
