"""Small bank files of each format, written with what a test needs in them."""

from collections.abc import Sequence

IBAN = "NL91ABNA0417164300"
OTHER_IBAN = "NL02ABNA0123456789"


def balance(code: str, amount: str, day: str = "2024-03-04", currency: str = "EUR") -> str:
    """A balance of a camt message; a minus makes it a debit."""
    sign = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(
    amount: str,
    day: str = "2024-03-04",
    *,
    valued: str = "",
    reference: str = "",
    details: str = "",
    more: str = "",
    currency: str = "EUR",
) -> str:
    """A booked entry of a camt message; ``details`` go into NtryDtls, ``more`` after the status."""
    sign = "DBIT" if amount.startswith("-") else "CRDT"
    named = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    inside = f"<NtryDtls>{details}</NtryDtls>" if details else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<Sts>BOOK</Sts>{more}<BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<ValDt><Dt>{valued or day}</Dt></ValDt>{named}{inside}</Ntry>"
    )


def payment(
    end_to_end: str = "", amount: str = "", name: str = "", text: str = "", more: str = ""
) -> str:
    """One TxDtls of an entry."""
    stated = f'<AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>' if amount else ""
    who = f"<Dbtr><Nm>{name}</Nm></Dbtr>" if name else ""
    said = f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""
    refs = f"<Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>" if end_to_end else ""
    return f"<TxDtls>{refs}{stated}<RltdPties>{who}</RltdPties>{said}{more}</TxDtls>"


def statement_part(
    inside: str, *, name: str = "S1", account: str = IBAN, currency: str = "EUR", tag: str = "Stmt"
) -> str:
    """One Stmt, Rpt or Ntfctn."""
    return (
        f"<{tag}><Id>{name}</Id><CreDtTm>2024-03-05T01:00:00</CreDtTm><Acct><Id><IBAN>{account}"
        f"</IBAN></Id><Ccy>{currency}</Ccy></Acct>{inside}</{tag}>"
    )


_ROOTS = {"052": ("BkToCstmrAcctRpt", "Rpt"), "053": ("BkToCstmrStmt", "Stmt"),
          "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}  # fmt: skip


def camt(
    *insides: str,
    kind: str = "053",
    version: str = "02",
    name: str = "S1",
    account: str = IBAN,
    parts: Sequence[str] = (),
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> str:
    """A camt message: of one statement with this inside, or of the parts given."""
    root, tag = _ROOTS[kind]
    held = "".join(parts) or statement_part("".join(insides), name=name, account=account, tag=tag)
    return (
        f'{declaration}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}">'
        f"<{root}><GrpHdr><MsgId>M1</MsgId></GrpHdr>{held}</{root}></Document>"
    )


def day_of_gifts(*amounts: str, opening: str = "100.00", closing: str = "", **more: str) -> str:
    """A whole camt.053 of 4 March with these gifts."""
    total = float(opening) + sum(float(one) for one in amounts)
    return camt(
        balance("OPBD", opening),
        balance("CLBD", closing or f"{total:.2f}"),
        *(entry(one, reference=f"R{number}") for number, one in enumerate(amounts)),
        **more,
    )


def sta(*fields: str, opening: str = "C240304EUR100,00", closing: str = "C240304EUR120,00",
        account: str = IBAN, head: str = ":20:STARTUMS\n") -> str:  # fmt: skip
    """An MT940 message with these fields between its balances."""
    inside = "".join(f"{one}\n" for one in fields)
    return f"{head}:25:{account}\n:28C:1/1\n:60F:{opening}\n{inside}:62F:{closing}\n-\n"


GIFT = ":61:2403040304C20,00NTRFNONREF\n:86:Gift"

OFX_HEAD = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""


def row(amount: str, fitid: str, *, day: str = "20240304", more: str = "<NAME>Ada Lane") -> str:
    """A movement of an OFX statement."""
    return (
        f"<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>{day}<TRNAMT>{amount}<FITID>{fitid}{more}</STMTTRN>\n"
    )


def ofx_part(
    *rows: str,
    account: str = "12345",
    first: str = "20240301",
    last: str = "20240304",
    currency: str = "<CURDEF>EUR",
    ledger: str = "120.00",
    as_of: str = "",
) -> str:
    """One STMTTRNRS."""
    held = f"<LEDGERBAL><BALAMT>{ledger}<DTASOF>{as_of or last}</LEDGERBAL>" if ledger else ""
    return (
        f"<STMTTRNRS><TRNUID>0<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS>{currency}\n"
        f"<BANKACCTFROM><BANKID>1<ACCTID>{account}<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>"
        f"<DTSTART>{first}<DTEND>{last}\n{''.join(rows)}</BANKTRANLIST>{held}</STMTRS></STMTTRNRS>"
    )


def ofx(*rows: str, **more: str) -> str:
    """An OFX file of one statement."""
    return ofx_of(ofx_part(*rows, **more))


def ofx_of(*parts: str, head: str = OFX_HEAD, root: str = "<OFX>") -> str:
    """An OFX file of several statements."""
    return f"{head}{root}<BANKMSGSRSV1>{''.join(parts)}</BANKMSGSRSV1></OFX>\n"
