"""Write small GnuCash books, as SQLite and as XML, without the code that reads them."""

import gzip
import sqlite3
from pathlib import Path
from xml.sax.saxutils import escape

HEAD = """\
<?xml version="1.0" encoding="utf-8" ?>
<gnc-v2 xmlns:gnc="http://www.gnucash.org/XML/gnc" xmlns:act="http://www.gnucash.org/XML/act"
 xmlns:book="http://www.gnucash.org/XML/book" xmlns:cd="http://www.gnucash.org/XML/cd"
 xmlns:cmdty="http://www.gnucash.org/XML/cmdty" xmlns:slot="http://www.gnucash.org/XML/slot"
 xmlns:split="http://www.gnucash.org/XML/split" xmlns:trn="http://www.gnucash.org/XML/trn"
 xmlns:ts="http://www.gnucash.org/XML/ts">
<gnc:count-data cd:type="book">1</gnc:count-data>
<gnc:book version="2.0.0"><book:id type="guid">b</book:id>
<gnc:pricedb version="1"><price><transaction>none</transaction></price></gnc:pricedb>
"""
# A scheduled transaction stands in the file as a template, and is no transaction.
TEMPLATE = """\
<gnc:template-transactions>
<gnc:account version="2.0.0"><act:name>Template Root</act:name><act:id>tr</act:id>
<act:type>ROOT</act:type></gnc:account>
<gnc:account version="2.0.0"><act:name>plan</act:name><act:id>ta</act:id><act:type>BANK</act:type>
<act:commodity><cmdty:space>template</cmdty:space><cmdty:id>template</cmdty:id></act:commodity>
<act:parent>tr</act:parent></gnc:account>
<gnc:transaction version="2.0.0"><trn:id>tt</trn:id>
<trn:date-posted><ts:date>2024-01-01 10:59:00 +0000</ts:date></trn:date-posted>
<trn:splits><trn:split><split:value>0/1</split:value><split:quantity>0/1</split:quantity>
<split:account>ta</split:account></trn:split></trn:splits></gnc:transaction>
</gnc:template-transactions>
"""
TABLES = """\
create table commodities(guid,namespace,mnemonic);
create table accounts(guid,name,account_type,commodity_guid,parent_guid);
create table transactions(guid,currency_guid,num,post_date,enter_date,description);
create table splits(guid,tx_guid,account_guid,value_num,value_denom,quantity_num,quantity_denom);
create table slots(obj_guid,name,slot_type,gdate_val);
insert into commodities values('c','CURRENCY','EUR');
insert into accounts values('r','Root','ROOT',null,null),('a','Assets','ASSET','c','r'),
 ('i','Income','INCOME','c','r');
"""


def sqlite_book(path: Path, *gifts: tuple[str, str | None, int], page_size: int = 4096) -> Path:
    """Write a book of gifts: the instant kept, the day kept apart (or none), and cents."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as book:
        book.execute(f"pragma page_size={page_size}")
        book.executescript(TABLES)
        for number, (instant, day, cents) in enumerate(gifts):
            guid = f"t{number}"
            book.execute(
                "insert into transactions values(?,'c','',?,?,'Gift')", (guid, instant, instant)
            )
            for account, sign in (("a", 1), ("i", -1)):
                book.execute(
                    "insert into splits values(?,?,?,?,100,?,100)",
                    (f"{guid}{account}", guid, account, sign * cents, sign * cents),
                )
            if day is not None:
                book.execute("insert into slots values(?,'date-posted',10,?)", (guid, day))
    book.close()
    return path


def as_xml(book: Path) -> str:
    """Write a SQLite book as GnuCash's XML."""
    read = sqlite3.connect(f"file:{book}?mode=ro", uri=True)
    rows = read.execute(
        "select a.guid, a.name, a.account_type, a.parent_guid, c.namespace, c.mnemonic"
        " from accounts a left join commodities c on c.guid = a.commodity_guid"
        # The roots of the book and of its templates have no parent; templates have no splits.
        " where a.parent_guid is not null or a.guid in (select parent_guid from accounts)"
    ).fetchall()
    parts = [HEAD]
    for guid, name, kind, parent, space, unit in rows:
        parts.append(
            f"<gnc:account version='2.0.0'><act:name>{escape(name)}</act:name>"
            f"<act:id type='guid'>{guid}</act:id><act:type>{kind}</act:type>"
        )
        if unit:
            parts.append(
                f"<act:commodity><cmdty:space>{space}</cmdty:space><cmdty:id>{escape(unit)}"
                "</cmdty:id></act:commodity>"
            )
        parts.append(f"<act:parent>{parent}</act:parent>" if parent else "")
        parts.append("</gnc:account>")
    days = dict(read.execute("select obj_guid, gdate_val from slots where name = 'date-posted'"))
    for guid, posted in read.execute("select guid, post_date from transactions").fetchall():
        digits = posted.replace("-", "")
        written = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
        parts.append(
            f"<gnc:transaction version='2.0.0'><trn:id>{guid}</trn:id><trn:date-posted>"
            f"<ts:date>{written} 10:59:00 +0000</ts:date></trn:date-posted>"
        )
        if days.get(guid):
            day = days[guid].replace("-", "")
            parts.append(
                "<trn:slots><slot><slot:key>notes</slot:key><slot:value>x</slot:value></slot><slot>"
                f"<slot:key>date-posted</slot:key><slot:value type='gdate'><gdate>{day[:4]}-"
                f"{day[4:6]}-{day[6:]}</gdate></slot:value></slot></trn:slots>"
            )
        parts.append("<trn:splits>")
        for account, *figures in read.execute(
            "select account_guid, value_num, value_denom, quantity_num, quantity_denom from splits"
            " where tx_guid = ?",
            (guid,),
        ):
            value, of_value, quantity, of_quantity = figures
            parts.append(
                f"<trn:split><split:value>{value}/{of_value}</split:value><split:quantity>"
                f"{quantity}/{of_quantity}</split:quantity><split:account type='guid'>{account}"
                "</split:account></trn:split>"
            )
        parts.append("</trn:splits></gnc:transaction>")
    read.close()
    return "".join((*parts, TEMPLATE, "</gnc:book></gnc-v2>\n"))


def packed(text: str | bytes) -> bytes:
    """Compress a text as GnuCash does."""
    return gzip.compress(text.encode() if isinstance(text, str) else text)
