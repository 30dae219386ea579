"""A letter: one message in plain text and in HTML, made from the same words.

The words are paragraphs between blank lines. A paragraph that is one address of ours becomes a
button in HTML, with the address below for those who copy it.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import UUID

from jinja2 import Environment, PackageLoader

_PAGES = Environment(loader=PackageLoader("ledger.mail"), autoescape=True)
_ADDRESS = re.compile(r"https?://\S+")
# RFC 5322 section 2.1.1 allows 998 signs a line; subjects are cut long before that.
SUBJECT_SIGNS = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: ``text`` has its links filled in; ``written_at`` is when its cause happened.

    ``id`` names the message for good, so that one that is sent twice after a crash can be told.
    """

    id: UUID
    to_email: str
    subject: str
    text: str
    written_at: datetime

    def message(self, *, sender: Address, home: str) -> EmailMessage:
        """Return the message in the form of RFC 5322, from ``sender``; ``home`` is our address."""
        message = EmailMessage()
        message["Subject"] = _one_line(self.subject)
        message["From"] = sender
        message["To"] = Address(addr_spec=self.to_email)
        message["Date"] = format_datetime(self.written_at)
        message["Message-ID"] = f"<{self.id.hex}@{sender.domain}>"
        # RFC 3834: answering machines answer people, not programs.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{self.text.strip()}\n\n-- \n{home}\n")
        page = _PAGES.get_template("letter.html")
        message.add_alternative(
            page.render(subject=self.subject, paragraphs=_paragraphs(self.text), home=home),
            subtype="html",
        )
        return message


def _one_line(text: str) -> str:
    """Return a subject that is one line: what givers and organisers typed may stand in it."""
    return " ".join(text.split())[:SUBJECT_SIGNS]


def _paragraphs(text: str) -> list[tuple[str, bool]]:
    """Return the paragraphs, each with whether it is one address and nothing else."""
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return [(part, bool(_ADDRESS.fullmatch(part))) for part in parts]
