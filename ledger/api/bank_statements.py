"""Bank files for programs: bring in what the bank sent, as a treasurer does on the page."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from ledger.api.blueprint import Blueprint
from ledger.api.document import Once
from ledger.api.idempotency import once
from ledger.api.token import book_for, caller, parts
from ledger.bank_files import MAX_BYTES, read_statement
from ledger.core.accounts import Acct
from ledger.db import Session
from ledger.errors import Invalid
from ledger.schemas.forms import Form
from ledger.services.banking import matching
from ledger.services.importing import tables
from ledger.services.statements import bank_files

# Base64 writes three bytes as four signs.
LONGEST = -(-MAX_BYTES // 3) * 4

blueprint = Blueprint("api_bank_statements", "Bank statements")


@dataclass(frozen=True, slots=True)
class Sent:
    """A bank file that a program sent, in Base64."""

    content: str


class BankFile(Form[Sent]):
    """A bank file: camt, MT940, OFX or CSV in Base64."""

    makes = Sent

    content = fields.String(required=True, validate=validate.Length(1, LONGEST))


class Taken(Schema):
    """What became of a file: lines that are new, known before, and matched by themselves."""

    format = fields.String()
    new = fields.Integer()
    duplicates = fields.Integer()
    matched = fields.Integer()
    warnings = fields.List(fields.String())


@blueprint.post("/books/<code>/bank-statements")
@blueprint.needs("import")
@blueprint.arguments(Once(unknown=EXCLUDE), location="headers")
@blueprint.arguments(BankFile)
@blueprint.response(201, Taken)
def take(headers: dict[str, str], body: Sent, code: str) -> dict[str, Any]:
    """Import a bank file and match what is certain; needs the scope ``import`` and a key.

    A table whose columns nobody has named yet, and a bank account that the book does not know,
    are refused: a treasurer says once on the page what they are.
    """
    book = book_for(code)
    who = caller(code)
    try:
        data = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("Send the file encoded as Base64.", place="content") from error
    with parts().db.snapshot() as session:
        known = tables.remembered_for(session, book_id=book.id, account=Acct.BANK)
    file = read_statement(data, currency=book.commodity, remembered=known)

    def command(session: Session) -> dict[str, Any]:
        now = parts().clock()
        done = bank_files.import_file(
            session, book=book, file=file, imported_by=who.person_id, now=now
        )
        return {
            "format": done.file_format,
            "new": done.new,
            "duplicates": done.duplicates,
            "matched": matching.auto_match(session, book_id=book.id, now=now),
            "warnings": [text for shown in done.statements for text in shown["warnings"]],
        }

    return once(who, headers["idempotency_key"], command)
