"""House rules that no linter knows: sizes, words, and what the documents promise."""

import ast
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path
    for room in ("ledger", "reports", "migrations")
    for path in (ROOT / room).rglob("*.py")
    if "__pycache__" not in path.parts
)
TRACKED = [
    ROOT / line
    for line in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]
TEXTS = [
    path
    for path in TRACKED
    if path.suffix in {".py", ".md", ".html", ".css", ".toml", ".sh", ""}
    and "vendor" not in path.parts
    and path.name not in {"uv.lock", "LICENSE"}
    and path.is_file()
]


# What browsers and WeasyPrint read; minified files of others are taken as they are.
LAYOUTS = [
    path
    for path in TRACKED
    if path.suffix in {".html", ".css", ".js", ".xml"}
    and path.relative_to(ROOT).parts[0] in {"ledger", "reports"}
    and "vendor" not in path.parts
    and path.is_file()
]
LONGEST_LINE = 120


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_and_says_what_it_is_for(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    if path.parent.name != "versions" or path.name != "__init__.py":
        assert ast.get_docstring(tree), "no docstring"
    longest = 500 if path.parent.name == "versions" else 490
    assert len(source.splitlines()) <= longest
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.body[0].lineno + 1
            limit = 400 if path.parent.name == "versions" else 60
            assert length <= limit, f"{node.name} has {length} lines"


MOST_PARAMETERS = 8


def with_many_parameters(source: str) -> list[str]:
    """Return the functions with more parameters than anybody remembers, the session included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            if len({name.arg for name in given} - {"self", "cls"}) > MOST_PARAMETERS:
                found.append(node.name if isinstance(node, ast.FunctionDef) else "lambda")
    return found


def test_what_a_function_is_asked_for_is_one_dataclass_rather_than_many_parameters() -> None:
    modules = [path for path in MODULES if path.relative_to(ROOT).parts[0] != "migrations"]
    assert len(modules) > 500
    found = {name_of(path): with_many_parameters(path.read_text()) for path in modules}
    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_function_with_many_parameters_is_noticed() -> None:
    names = ", ".join(f"a{number}" for number in range(MOST_PARAMETERS - 1))
    source = (
        f"def few(self, session, {names}): ...\n"
        f"def many(session, {names}, *, b): ...\n"
        f"one = lambda a, b, {names}: 0"
    )
    assert with_many_parameters(source) == ["many", "lambda"]


LOOSE = re.compile(r"\b(?:dict|Mapping)\[str, Any\]")


def crowded_folders(modules: list[Path]) -> list[str]:
    """Return the capability folders of services, queries and pages with more than a dozen files."""
    held: dict[str, int] = {}
    for path in modules:
        parts = path.relative_to(ROOT).parts
        if parts[:2] in {("ledger", "services"), ("ledger", "queries"), ("ledger", "web")}:
            held["/".join(parts[:-1])] = held.get("/".join(parts[:-1]), 0) + 1
    # Each has an __init__.py beside them.
    return [folder for folder, count in held.items() if count > 13]


def test_a_capability_is_a_folder_of_a_dozen_files_at_most() -> None:
    assert crowded_folders(MODULES) == []
    flat = [path for path in MODULES if path.parent.name in {"services", "queries", "web"}]
    assert {path.name for path in flat} == {"__init__.py"}


def test_a_crowded_folder_is_noticed() -> None:
    folder = ROOT / "ledger" / "web" / "everything"
    assert crowded_folders([folder / f"{n}.py" for n in range(14)]) == ["ledger/web/everything"]


def with_loose_documents(source: str) -> list[str]:
    """Return the functions whose parameters or answers are documents of which no type tells."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            types = [one.annotation for one in given if one.annotation] + [node.returns]
            if any(LOOSE.search(ast.unparse(one)) for one in types if one is not None):
                found.append(node.name)
    return found


def test_a_service_says_what_is_in_its_documents() -> None:
    modules = [path for path in MODULES if "services" in path.relative_to(ROOT).parts]
    assert len(modules) > 100
    found = {name_of(path): with_loose_documents(path.read_text()) for path in modules}
    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_document_without_a_type_is_noticed() -> None:
    source = (
        "def tight(a: Terms, b: dict[str, object]) -> Answer: ...\n"
        "def given(a: dict[str, Any]) -> None: ...\n"
        "def answered(*, a: int) -> list[dict[str, Any]]: ...\n"
        "def looked(a: Mapping[str, Any] | None) -> None: ..."
    )
    assert with_loose_documents(source) == ["given", "answered", "looked"]


def too_long(text: str) -> list[int]:
    """Return the numbers of lines that nobody reads at a glance."""
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST_LINE]


def test_lines_of_templates_styles_and_scripts_are_short() -> None:
    assert len(LAYOUTS) > 90
    found = {name_of(path): too_long(path.read_text()) for path in LAYOUTS}
    assert {name: lines for name, lines in found.items() if lines} == {}


def crowded(style: str) -> list[str]:
    """Return lines of a style sheet that hold two declarations or a whole rule."""
    return [line for line in style.splitlines() if re.search(r";\s*[\w-]+\s*:|\{.*\}", line)]


def test_a_style_sheet_has_one_declaration_a_line() -> None:
    styles = [path for path in LAYOUTS if path.suffix == ".css"]
    assert len(styles) > 2
    assert [line for path in styles for line in crowded(path.read_text())] == []


def test_long_and_crowded_lines_are_noticed() -> None:
    assert too_long("a" * 120 + "\n" + "b" * 121) == [2]
    assert crowded("a { color: red; }") == ["a { color: red; }"]
    assert crowded("a {\n  color: red; margin: 0;\n}") == ["  color: red; margin: 0;"]


@pytest.mark.parametrize("aim", ["--check", "--lint"])
def test_templates_are_set_as_djlint_sets_them(aim: str) -> None:
    """If this is red: ``.venv/bin/djlint --reformat ledger reports`` sets them."""
    done = subprocess.run(
        [sys.executable, "-m", "djlint", aim, "--quiet", "ledger", "reports"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_template_lies_beside_a_page_that_shows_it() -> None:
    """One that all pages share lies with the site; one that nobody names is left over."""
    web = ROOT / "ledger" / "web"
    pages = {path for path in MODULES if web in path.parents}
    texts = {path: path.read_text() for path in (*pages, *LAYOUTS)}
    for path in LAYOUTS:
        if path.parent.name != "templates" or web not in path.parents:
            continue
        room = path.parents[1]
        name = f'"{room.name}/{path.name}"'
        shown_by = [other for other, text in texts.items() if name in text and other != path]
        assert shown_by, f"{name} is left over"
        beside = [other for other in shown_by if room in other.parents]
        assert beside or room.name == "site", f"{name} belongs to {shown_by[0]}"


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "helpers", "common", "misc"}
    assert [path for path in MODULES if path.stem in drawers] == []


def test_a_deed_that_others_disturb_is_tried_again() -> None:
    """Only what has the database to itself opens a transaction without a second try."""
    alone = {"ledger/cli/backups.py", "ledger/demo/seed.py"}
    once = re.compile(r"(?<!store)(?<!self)\.transaction\(\)")
    found = {
        name_of(path)
        for path in MODULES
        if not name_of(path).startswith("ledger/sandbox/") and once.search(path.read_text())
    }
    assert found == alone


def test_nothing_is_left_for_later() -> None:
    words = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "for " + "now")))
    for path in TEXTS:
        found = words.search(path.read_text())
        assert not found, f"{name_of(path)}: {found.group()}"


def test_nothing_but_tests_looks_outside_the_project() -> None:
    outside = "../" + "shared"
    for path in TEXTS:
        if outside in path.read_text():
            assert path.parts[len(ROOT.parts)] == "tests", name_of(path)


def test_every_folder_of_the_ledger_is_on_the_map() -> None:
    text = (ROOT / "ledger" / "README.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "ledger").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"`{room}/`" not in text] == []


def test_links_and_pictures_of_the_documents_lead_somewhere() -> None:
    for path in TEXTS:
        if path.suffix == ".md":
            for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
                assert (path.parent / target).exists(), f"{name_of(path)}: {target}"


def test_vendored_files_are_the_ones_we_took() -> None:
    sums = ROOT / "ledger" / "web" / "static" / "vendor" / "SHA256SUMS"
    lines = [line.split() for line in sums.read_text().splitlines()]
    assert {name for _sum, name in lines} == {
        path.name
        for path in sums.parent.iterdir()
        if path.name != sums.name and "LICENSE" not in path.name
    }
    for digest, name in lines:
        assert hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() == digest
