"""The commands of ``docs/deploy.md``, and what is different on a machine of the tests."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "deploy.md"
FILES = ROOT / "docs" / "deploy"
STEP = re.compile(r"<!-- step: ([a-z]+) -->\n```sh\n(.*?)```\n", re.DOTALL)
ORDER = (
    *("packages", "user", "database", "install", "settings", "sandbox"),
    *("setup", "services", "proxy", "check", "drill"),
)


def steps() -> dict[str, str]:
    """Return the commands of each step by its name, in the order of the document."""
    return dict(STEP.findall(DOCUMENT.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Place:
    """Where the walk happens instead: a folder for all paths, and free ports."""

    folder: Path
    database_url: str
    web_port: int
    sandbox_port: int
    mail_port: int
    tls_port: int
    plain_port: int

    @property
    def address(self) -> str:
        """The public address."""
        return f"https://books.example.org:{self.tls_port}"

    def changes(self) -> Mapping[str, str]:
        """Return what stands in the document, and what takes its place."""
        return {
            "https://books.example.org": self.address,
            "postgresql:///poolbook": self.database_url,
            "smtp://mail.example.org": f"smtp+plain://127.0.0.1:{self.mail_port}",
            "127.0.0.1:8000": f"127.0.0.1:{self.web_port}",
            "--port 8000": f"--port {self.web_port}",
            "127.0.0.1:8001": f"127.0.0.1:{self.sandbox_port}",
            "--port 8001": f"--port {self.sandbox_port}",
            "listen 443 ssl": f"listen 127.0.0.1:{self.tls_port} ssl",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "/etc/": f"{self.folder}/etc/",
            "/srv": f"{self.folder}/srv",
            "/var/lib/poolbook": f"{self.folder}/var/lib/poolbook",
        }

    def here(self, text: str) -> str:
        """Return commands or a file of the document with names of this place in it."""
        changes = self.changes()
        found = re.compile("|".join(re.escape(old) for old in changes))
        return found.sub(lambda hit: changes[hit[0]], text)
