"""What every page shares: the database, the clock, who is asking, how pages and errors look.

Must not know any single page.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask, Response, abort, current_app, g, render_template, request, session
from marshmallow import ValidationError
from sqlalchemy.exc import IntegrityError

from ledger import auth
from ledger.config import Settings
from ledger.core.bounds import is_storable_text
from ledger.core.days import day_in
from ledger.db import Database, ReadSession, Session
from ledger.errors import Conflict, Invalid, NotAllowed, NotFound
from ledger.links import Links
from ledger.models.books import Book
from ledger.models.people import Person
from ledger.models.sessions import SignInSession
from ledger.queries.books.books import book_by_code
from ledger.queries.people.people import memberships_of
from ledger.queries.people.sessions import session_of
from ledger.schemas.forms import Form, Made
from ledger.services.people.people import sha256
from ledger.stripe.checkout import PaymentGateway
from ledger.web.site import idempotency, late_days, session_cookie

Result = TypeVar("Result")
CHECKOUT_ORIGIN = "https://checkout.stripe.com"
# Longer addresses are not kept in the cookie for after the sign-in.
LONGEST_WAY = 500
LONGEST_NUMBER = 9
OF_EVERY_FORM = ("csrf_token", idempotency.FIELD, late_days.FIELD)
# No page asks for any of these; cards are typed at Stripe's own address.
NO_DEVICES = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope"),
        *("magnetometer", "microphone", "midi", "payment", "serial", "usb"),
    )
)
YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True)
class Poolbook:
    """The parts that pages work with; one per running program."""

    db: Database
    settings: Settings
    gateway: PaymentGateway | None
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Visitor:
    """Who is asking: a signed-in person with roles by book, or nobody.

    ``session`` is the one of the browser that asks; ``has_gained`` when its token is older than
    one of the roles. ``runs_installation`` is a role of no book.
    """

    person: Person | None
    memberships: tuple[tuple[Book, frozenset[str]], ...] = ()
    session: SignInSession | None = None
    has_gained: bool = False
    runs_installation: bool = False

    @property
    def id(self) -> UUID | None:
        """The person's id, or None."""
        return self.person.id if self.person else None

    def may(self, action: str, book_id: UUID | None = None) -> bool:
        """Tell whether the visitor may do something in a book, or in any book."""
        return any(
            auth.can(roles, action)
            for book, roles in self.memberships
            if book_id is None or book.id == book_id
        )

    def roles(self, book_id: UUID) -> frozenset[str]:
        """Return the visitor's roles in a book."""
        return next((roles for book, roles in self.memberships if book.id == book_id), frozenset())

    def books(self, action: str) -> list[Book]:
        """Return the books in which the visitor may do something."""
        return [book for book, roles in self.memberships if auth.can(roles, action)]


def here() -> Poolbook:
    """Return the parts of the running program."""
    parts: Poolbook = current_app.extensions["poolbook"]
    return parts


def gateway() -> PaymentGateway:
    """Return the payment provider. Raises Conflict when none is configured."""
    found = here().gateway
    if found is None:
        raise Conflict("Card payments are not set up here.")
    return found


def links() -> Links:
    """Return the maker of signed links of this installation."""
    settings = here().settings
    return Links(settings.base_url, settings.secret_key, here().clock)


def parts_of(app: Flask) -> Poolbook:
    """Return the parts that an app was made with."""
    parts: Poolbook = app.extensions["poolbook"]
    return parts


def context() -> dict[str, Any]:
    """Return what every template sees."""
    settings = here().settings
    return {
        "visitor": visitor(),
        "demo": settings.demo,
        "sends_mail": settings.sends_mail,
        "pretends": settings.pretends,
        # Where a person makes the demo's Stripe settle, refuse, dispute and pay out.
        "sandbox_dashboard": f"{settings.stripe_base}/_test/"
        if settings.demo and settings.sandbox
        else "",
        "today": today_here(),
    }


def today(book: Book) -> date:
    """Return which day it is where a book is kept."""
    return day_in(book.time_zone, now())


def today_here() -> date:
    """Return which day it is for the visitor: in the first of their books, or in UTC."""
    books = visitor().memberships
    return today(books[0][0]) if books else now().date()


def now() -> datetime:
    """Return this request's one instant."""
    if "now" not in g:
        g.now = here().clock()
    instant: datetime = g.now
    return instant


@contextmanager
def reading() -> Iterator[ReadSession]:
    """Open the snapshot a page is made from."""
    with here().db.snapshot() as opened:
        yield opened


def write(command: Callable[[Session], Result]) -> Result:
    """Run one command in one transaction, again when another writer got in between.

    The first command of a form that a signed-in person sends runs once, however often it is sent.
    """
    command = late_days.asking_first(command)
    name, person = idempotency.name_of_form(), visitor().person
    if name is None or person is None or "kept" in g:
        result = here().db.run(command)
        late_days.tell()
        return result
    idempotency.refuse_again(here().db, person.id, name)

    def keep_and_do(session: Session) -> Result:
        idempotency.keep(session, person.id, name, now())
        return command(session)

    try:
        result = here().db.run(keep_and_do)
    except IntegrityError:
        idempotency.refuse_again(here().db, person.id, name)
        raise
    g.kept = (person.id, name)
    late_days.tell()
    return result


def remember_location(response: Response) -> Response:
    """Note where a form led that was done in this request."""
    if "kept" in g:
        person_id, name = g.kept
        idempotency.remember_location(here().db, person_id, name, response.location)
    return response


def visitor() -> Visitor:
    """Return who is asking; read once a request, so that a role taken away is gone at once."""
    if "visitor" not in g:
        g.visitor = _read_visitor()
    found: Visitor = g.visitor
    return found


def _read_visitor() -> Visitor:
    token = session_cookie.token(here().settings.base_url)
    if token is None:
        return Visitor(None)
    with reading() as opened:
        known = session_of(opened, token_sha256=sha256(token), now=now())
        if known is None:
            return Visitor(None)
        roles = memberships_of(opened, person_id=known.person.id, now=now())
        return Visitor(
            known.person, tuple(roles), known.row, known.has_gained, known.runs_installation
        )


def signed_in() -> Person:
    """Return the signed-in person. Raises NotAllowed for nobody."""
    person = visitor().person
    if person is None:
        raise NotAllowed("Please sign in first.")
    return person


def check_request(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Bound what is read, before anything is read.

    An address with a NUL finds nothing, as PostgreSQL stores none, and nothing can be asked with
    one. Flask's limit for forms holds for multipart ones only: without this, a plain form of
    megabytes would be taken apart. Raises Invalid.
    """
    if not is_storable_text(request.path):
        abort(404)
    for name, text in request.args.items(multi=True):
        if not is_storable_text(name + text):
            raise Invalid(
                "The address contains a character that cannot be stored.", place="address"
            )
    if request.mimetype != "multipart/form-data":
        request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]
    elif endpoint in idempotency.UPLOADS:
        request.max_content_length = idempotency.UPLOADS[endpoint]


def remember_way() -> None:
    """Keep the address asked for, so that signing in leads back to it.

    Only our own path is kept, never what somebody wrote into the address, so that nobody can be
    led elsewhere. Browsers read a backslash as a slash, and two slashes as another server.
    """
    way = request.full_path.removesuffix("?")
    if way[1:2] not in ("/", "\\") and len(way) <= LONGEST_WAY:
        session["way"] = way


def book_for(action: str, code: str) -> Book:
    """Return a book in which the visitor may do ``action``. Raises NotAllowed or NotFound."""
    with reading() as opened:
        book = book_by_code(opened, code)
    signed_in()
    auth.check(visitor().roles(book.id), action)
    return book


def installation_admin() -> Person:
    """Return the visitor, who looks after the installation. Raises NotAllowed for a stranger and
    NotFound for anybody else: these pages do not exist for them."""
    person = signed_in()
    if not visitor().runs_installation:
        raise NotFound("This page does not exist, or you don't have access to it.")
    return person


def require_anywhere(action: str) -> list[Book]:
    """Return the books in which the visitor may do ``action``; refuse when there is none."""
    signed_in()
    books = visitor().books(action)
    if not books:
        raise NotFound("This page does not exist, or you don't have access to it.")
    return books


def row_asked(name: str) -> UUID | None:
    """Return behind which row a list of the page begins, as its address says; None from the top."""
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


def further(name: str, after: UUID) -> str:
    """Return this page's address with one of its lists begun behind a row."""
    return f"{request.path}?{urlencode({**request.args.to_dict(), name: str(after)})}"


def read_form(schema: Form[Made], data: Mapping[str, Any] | None = None) -> Made:
    """Read a form as the dataclass that its schema makes. Raises Invalid with a sentence per
    field."""
    given = request.form if data is None else data
    raw = {name: text for name, text in given.items() if name not in OF_EVERY_FORM}
    unfit = [name for name, text in raw.items() if not is_storable_text(f"{name}{text}")]
    if unfit:
        sentences = ["This contains characters that cannot be displayed."]
        raise Invalid("Check the answers marked below.", messages=dict.fromkeys(unfit, sentences))
    try:
        made: Made = schema.load(raw)
    except ValidationError as error:
        raise Invalid(
            "Check the answers marked below.", messages=flat_messages(error.messages_dict)
        ) from error
    return made


def take_numbers(form: dict[str, str], prefix: str) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Take whole numbers out of a form whose fields are named after what they count.

    Return them by that name, and sentences for answers that are no whole number; empty ones are
    left out.
    """
    found: dict[str, int] = {}
    problems: dict[str, list[str]] = {}
    for name in [name for name in form if name.startswith(prefix)]:
        text = form.pop(name).strip()
        if text and not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
            problems[name] = ["Enter a whole number."]
        elif text:
            found[name.removeprefix(prefix)] = int(text)
    return found, problems


def flat_messages(messages: Mapping[str, Any], prefix: str = "") -> dict[str, list[str]]:
    """Turn marshmallow's nested messages into field name → sentences."""
    flat: dict[str, list[str]] = {}
    for key, value in messages.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flat_messages(value, f"{name}-"))
        else:
            flat[name] = [str(sentence) for sentence in value]
    return flat


def page(template: str, /, status: int = 200, **context: Any) -> Response:
    """Render a page. Call it outside the transaction: what it shows is already read."""
    html = render_template(template, **context)
    response = current_app.make_response((html, status))
    response.headers["Cache-Control"] = "no-store" if visitor().person else "no-cache"
    return response


def secure(response: Response) -> Response:
    """Add the headers that keep scripts, frames and forms of others away."""
    pay = here().settings.stripe_base if here().settings.sandbox else CHECKOUT_ORIGIN
    # Chromium applies form-action to the redirect after a form as well.
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {pay}",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", NO_DEVICES)
    if here().settings.base_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}")
    return response


def system_clock() -> datetime:
    """Return this instant in UTC."""
    return datetime.now(UTC)
