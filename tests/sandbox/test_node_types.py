"""What the sandbox answers fits the types of stripe-node, which tell absent from null exactly.

Fetches stripe-node and a TypeScript compiler from npm; without a way there it is skipped. Runs
in the long run only.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.faults.conftest import Sandbox
from tests.sandbox.fields import FILE, PACKAGE, text
from tests.worlds import sandbox as world

pytestmark = pytest.mark.long

COMPILER = "typescript@5.9.3"
OPTIONS = {
    "strict": True,
    "exactOptionalPropertyTypes": True,
    "noEmit": True,
    "skipLibCheck": True,
    "module": "nodenext",
    "moduleResolution": "nodenext",
    "target": "es2022",
    "types": [],
}
TYPES = {
    "checkout.session": "Checkout.Session",
    "item": "LineItem",
    "line_item": "InvoiceLineItem",
    "test_helpers.test_clock": "TestHelpers.TestClock",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both packages installed."""
    made = tmp_path_factory.mktemp("node")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    (made / "package.json").write_text('{"private": true}')
    asked = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE, COMPILER]
    try:
        done = subprocess.run(asked, cwd=made, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not fetch the packages in five minutes")
    if done.returncode:
        pytest.skip(f"npm cannot fetch the packages: {done.stderr.strip()[-200:]}")
    package = made / "node_modules/stripe"
    assert f"'{stripe.api_version}'" in (package / "esm/apiVersion.js").read_text()
    # On the wire a decimal is a text.
    (package / "esm/Decimal.d.ts").write_text(
        "export type Decimal = string;\nexport declare const Decimal: unknown;\n"
    )
    return made


@pytest.fixture(scope="module")
def answers(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    """Everything the sandbox answers once everything has happened, by kind."""
    world.build(sandbox)
    found: dict[str, list[dict[str, Any]]] = {}
    for one in world.objects(sandbox):
        found.setdefault(one["object"], []).append(one)
    return found


def complaints(folder: Path, answers: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What the compiler says of answers that are written down as values of Stripe's types."""
    rows = ["import Stripe from 'stripe';"]
    for kind, objects in sorted(answers.items()):
        name = TYPES.get(kind, "".join(part.title() for part in kind.split("_")))
        for number, one in enumerate(objects):
            rows.append(f"export const {kind.replace('.', '_')}_{number}: Stripe.{name} =")
            rows.append(f"  {json.dumps(one)};")
    (folder / "answers.mts").write_text("\n".join(rows))
    project = {"compilerOptions": OPTIONS, "files": ["answers.mts"]}
    (folder / "tsconfig.json").write_text(json.dumps(project))
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "-p", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("answers.mts")]
    assert bool(lines) == (done.returncode != 0), done.stdout
    return lines


def test_the_file_of_fields_is_what_stripe_node_states(folder: Path) -> None:
    """Red after an upgrade: make the file anew (see ``fields.py``) and mend the sandbox."""
    package = folder / "node_modules/stripe"
    assert FILE.read_text() == text(package)


def test_every_answer_is_a_value_of_stripes_types(
    folder: Path, answers: dict[str, list[dict[str, Any]]]
) -> None:
    assert complaints(folder, answers) == []


@pytest.mark.parametrize("damage", ["missing", "strange", "null", "wrong"])
def test_the_compiler_notices_each_damage(
    folder: Path, answers: dict[str, list[dict[str, Any]]], damage: str
) -> None:
    """The control: one damaged field of each kind, and one complaint of each."""
    damaged = {}
    for kind, (good, *_) in answers.items():
        bad = dict(good)
        if damage == "missing":
            del bad["id" if "id" in bad else "available"]
        elif damage == "strange":
            bad["invented"] = 1
        else:
            bad["id" if "id" in bad else "available"] = None if damage == "null" else 5
        damaged[kind] = [bad]
    places = {line.partition(",")[0] for line in complaints(folder, damaged)}
    # Each value stands on a line of its own, below the line with its type.
    assert len(places) >= len(damaged)
