"""A community's pools: which it hosts or shares in, and asking to open or to join one."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from ledger.core.vocabulary import BookKind
from ledger.db import ReadSession, Session
from ledger.errors import Conflict, Invalid, NotFound
from ledger.models.approval_requests import ApprovalRequest
from ledger.models.books import Book
from ledger.queries.approvals import requests
from ledger.queries.books.books import book_by_code, open_funds, own_funds
from ledger.queries.pools import pools
from ledger.schemas import pool_agreements as schemas
from ledger.schemas.forms import Form as Shape
from ledger.schemas.forms import Made
from ledger.services.pools import agreements as service
from ledger.web.site.context import (
    book_for,
    now,
    page,
    read_form,
    reading,
    signed_in,
    write,
)
from ledger.web.site.forms import Form, errors_of

pages = Blueprint("pool_agreements", __name__)
ACTION = "propose_pool"
# What the pool's own fund is called where nobody says otherwise, as with the command.
OWN_FUND = "POOL"
Ask = Callable[[Session, Book, Made], ApprovalRequest]


@pages.get("/books/<code>/pools")
def index(code: str) -> Response:
    """Show the pools of a community, and what was asked about them."""
    book = _community(code)
    with reading() as session:
        hosted = pools.hosted_by(session, book.id)
        joined = pools.pools_of(session, book_id=book.id)
        rows = [
            (*pools.pool_by_code(session, one.code), _member(session, one, book))
            for one in sorted({*hosted, *joined}, key=lambda one: one.name)
        ]
        hosts = {pool.host_id: session.get_one(Book, pool.host_id) for pool, _b, _m in rows}
        questions = _asked(session, book)
    return page("pools/agreements.html", book=book, rows=rows, hosts=hosts, questions=questions)


@pages.get("/books/<code>/pools/new")
def new(code: str) -> Response:
    """Show the form that opens a pool."""
    return _new_page(code, {"fund": OWN_FUND}, {})


@pages.post("/books/<code>/pools/new")
def propose(code: str) -> Response:
    """Ask an approver of the host to open a pool."""
    return _ask(code, schemas.NewPoolForm(), _propose, _new_page)


@pages.get("/books/<code>/pools/join")
def join_form(code: str) -> Response:
    """Show the form that joins a pool."""
    return _join_page(code, request.args.to_dict(), {})


@pages.post("/books/<code>/pools/join")
def join(code: str) -> Response:
    """Ask an approver to join a pool; the host's approver is asked after that."""
    return _ask(code, schemas.JoiningForm(), _join, _join_page)


def _ask(code: str, schema: Shape[Made], ask: Ask[Made], form: Callable[..., Response]) -> Response:
    book = _community(code)
    try:
        answers = read_form(schema)
        write(lambda session: ask(session, book, answers))
    except (Invalid, Conflict, NotFound) as refusal:
        status = 409 if isinstance(refusal, Conflict) else 422
        return form(code, request.form.to_dict(), errors_of(refusal, {"book": "pool"}), status)
    flash(_("Approval requested. An approver of %(name)s decides.", name=book.name))
    return redirect(url_for("pool_agreements.index", code=code), 303)


def _propose(session: Session, host: Book, asked: schemas.NewPool) -> ApprovalRequest:
    terms = service.PoolTerms(
        code=asked.code.upper(),
        name=asked.name,
        fund=asked.fund,
        held_fund=asked.held_fund,
        own_fund=asked.own_fund,
        fee_basis_points=asked.fee_basis_points or 0,
        story=asked.story,
    )
    return service.propose_pool(
        session, host=host, terms=terms, reason=asked.reason, made_by=signed_in().id, now=now()
    )


def _join(session: Session, member: Book, asked: schemas.Joining) -> ApprovalRequest:
    return service.propose_joining(
        session,
        pool=book_by_code(session, asked.pool),
        member=member,
        fund=asked.fund,
        reason=asked.reason,
        made_by=signed_in().id,
        now=now(),
    )


def _community(code: str) -> Book:
    book = book_for(ACTION, code)
    if book.kind != BookKind.COMMUNITY:
        raise NotFound(_("This page does not exist."))
    return book


def _member(session: ReadSession, pool: Book, book: Book) -> pools.MemberRow | None:
    rows = pools.members_of(session, pool_id=pool.id)
    return next((row for row in rows if row.book_id == book.id), None)


def _asked(session: ReadSession, book: Book) -> list[requests.RequestRow]:
    """Return what a community asked of its own approver, and of hosts to be let in."""
    kinds = (service.OPENING, service.JOINING)
    own = requests.requests_for(session, book_ids=[book.id], kinds=kinds)
    let_in = requests.requests_for(
        session,
        book_ids=pools.host_ids(session),
        kinds=(service.ADMISSION,),
        about={"member": str(book.id)},
    )
    return sorted([*own, *let_in], key=lambda row: row.made_at, reverse=True)


def _receiving(book: Book) -> str:
    return str(_("Fund that receives what %(name)s gets", name=book.name))


def _new_page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = _community(code)
    with reading() as session:
        funds = open_funds(session, book.id)
    form = Form(
        schemas.NewPoolForm(),
        values=values,
        errors=errors,
        more={
            "held_fund": {
                "label": _("Fund of %(name)s that keeps the money", name=book.name),
            },
            "own_fund": {"label": _receiving(book)},
        },
    )
    return page("pools/new_agreement.html", status, book=book, funds=funds, form=form)


def _join_page(
    code: str, values: dict[str, str], errors: dict[str, list[str]], status: int = 200
) -> Response:
    book = _community(code)
    with reading() as session:
        funds = own_funds(session, book.id)
        offered = pools.pools_to_join(session, book=book)
    return page(
        "pools/join.html",
        status,
        book=book,
        funds=funds,
        pools=offered,
        form=Form(
            schemas.JoiningForm(),
            values=values,
            errors=errors,
            more={"fund": {"label": _receiving(book)}},
        ),
    )
