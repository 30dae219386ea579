"""Settings: one frozen dataclass read from the environment, once, at start.

Refuses to start half-configured: a Stripe key without its webhook secret, a live key with
another base address than Stripe's, a live key in a demo. Must not be imported by the core.
"""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address, HeaderRegistry
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from ledger import environment
from ledger.errors import Invalid
from ledger.logs import LogFormat, LogLevel
from ledger.private_files import close_to_others, make_private_file, make_private_folder

STRIPE_API = "https://api.stripe.com"
LIVE_PREFIXES = ("sk_live_", "rk_live_")
TEST_PREFIXES = ("sk_test_", "rk_test_")
# Stripe's published price for a card payment, in basis points and minor units.
CARD_FEE = (290, 30)
LOG_FORMATS: dict[str, LogFormat] = {"text": "text", "json": "json"}
LOG_LEVELS: dict[str, LogLevel] = {"info": "info", "warning": "warning"}
PROXIES = "POOLBOOK_TRUSTED_PROXIES"

MailSecurity = Literal["starttls", "tls", "none"]
# RFC 8314: submission with STARTTLS or over TLS; without either only to a relay close by.
MAIL_SCHEMES: dict[str, tuple[MailSecurity, int]] = {
    "smtp": ("starttls", 587),
    "smtps": ("tls", 465),
    "smtp+plain": ("none", 25),
}


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The relay that takes our mail, and whose name it bears."""

    host: str
    port: int
    security: MailSecurity
    user: str
    password: str = field(repr=False)
    sender: Address


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the processes need to know about where they run."""

    database_url: str
    data: Path
    secret_key: str
    base_url: str
    stripe_key: str
    stripe_webhook_secret: str
    stripe_base: str
    demo: bool = False
    signing_seed: str = ""
    # None: messages wait in the outbox until a relay is named.
    mail: MailSettings | None = None
    # How many proxies of our own stand before the program; what a request says about where it
    # comes from is believed only as far as they wrote it.
    trusted_proxies: int = 0
    # Whether somebody said so, or it is a default that may be wrong behind a public address.
    is_proxy_count_stated: bool = True
    # What a payment is thought to cost, as donors are told; what it did cost is Stripe's to say.
    fee_basis_points: int = CARD_FEE[0]
    fee_fixed: int = CARD_FEE[1]
    log_format: LogFormat = "text"
    log_level: LogLevel = "info"
    # The command that looks for viruses in what people attach; empty for none.
    scanner: str = ""
    # Who may read the figures of /metrics from elsewhere than this machine.
    metrics_token: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        """The installation's name in checkpoints: the host of its public address."""
        return urlsplit(self.base_url).netloc

    @property
    def is_public(self) -> bool:
        """Whether the public address is one that is reached by TLS from other machines."""
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        if parts.scheme != "https" or host == "localhost" or host.endswith(".localhost"):
            return False
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return True

    @property
    def livemode(self) -> bool:
        """Whether the configured key moves real money."""
        return self.stripe_key.startswith(LIVE_PREFIXES)

    @property
    def pretends(self) -> bool:
        """Whether people can pay here, but not with real money."""
        return bool(self.stripe_key) and not self.livemode

    @property
    def sends_mail(self) -> bool:
        """Whether messages leave the outbox; a demo shows them on a page instead."""
        return self.mail is not None and not self.demo

    @property
    def sandbox(self) -> bool:
        """Whether payments go to our own sandbox server instead of Stripe."""
        return self.stripe_base != STRIPE_API


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings. Raises Invalid, naming the variable, when they contradict each other."""
    given = environment.read(environ)
    data = Path(given["POOLBOOK_DATA"])
    key, base = given["STRIPE_SECRET_KEY"], given["STRIPE_API_BASE"].rstrip("/")
    demo = given["POOLBOOK_DEMO"] == "1"
    _check_stripe(key, given["STRIPE_WEBHOOK_SECRET"], base)
    if demo and key.startswith(LIVE_PREFIXES):
        raise Invalid(
            "A demo cannot use a live Stripe key. Unset STRIPE_SECRET_KEY or POOLBOOK_DEMO.",
            place="POOLBOOK_DEMO",
        )
    return Settings(
        database_url=given["POOLBOOK_DATABASE_URL"] or f"sqlite:///{data / 'poolbook.db'}",
        data=data,
        secret_key=given["POOLBOOK_SECRET_KEY"] or _stored(data, "secret_key"),
        signing_seed=given["POOLBOOK_SIGNING_SEED"] or _stored(data, "signing_seed"),
        base_url=given["POOLBOOK_BASE_URL"].rstrip("/"),
        stripe_key=key,
        stripe_webhook_secret=given["STRIPE_WEBHOOK_SECRET"],
        stripe_base=base,
        demo=demo,
        mail=_mail(given),
        trusted_proxies=int(given[PROXIES] or 0),
        is_proxy_count_stated=bool(given[PROXIES]),
        fee_basis_points=int(given["POOLBOOK_FEE_BASIS_POINTS"]),
        fee_fixed=int(given["POOLBOOK_FEE_FIXED"]),
        log_format=LOG_FORMATS[given["POOLBOOK_LOG_FORMAT"]],
        log_level=LOG_LEVELS[given["POOLBOOK_LOG_LEVEL"]],
        scanner=given["POOLBOOK_SCANNER"],
        metrics_token=given["POOLBOOK_METRICS_TOKEN"],
    )


def check_proxies(settings: Settings) -> None:
    """Refuse to serve a public address before somebody has said what stands in front of it.

    Rate limits count visitors by where they come from. Behind a proxy that nobody named, all of
    them would come from the proxy and share one limit. Raises Invalid.
    """
    if settings.is_public and not settings.is_proxy_count_stated:
        raise Invalid(
            "{proxies} is not set. {base_url} is a public address. Set {proxies} to the "
            "number of your own proxies that forward requests to this program, or to 0 if "
            "there are none.",
            place=PROXIES,
            proxies=PROXIES,
            base_url=settings.base_url,
        )


def _mail(given: Mapping[str, str]) -> MailSettings | None:
    """Read the relay. Raises Invalid, naming the variable, for one that is half named."""
    url, sender = given["POOLBOOK_MAIL_URL"], given["POOLBOOK_MAIL_FROM"]
    if not url and not sender:
        return None
    if not url or not sender:
        missing = "POOLBOOK_MAIL_FROM" if url else "POOLBOOK_MAIL_URL"
        raise Invalid(
            "The mail settings are incomplete: {missing} is not set. Set it, or unset the other.",
            place=missing,
            missing=missing,
        )
    try:
        parts = urlsplit(url)
        security, port = MAIL_SCHEMES[parts.scheme]
        port = parts.port or port
    except (KeyError, ValueError):
        raise Invalid(
            "POOLBOOK_MAIL_URL must look like smtp://user:password@mail.example.org. Use "
            "smtp for STARTTLS, smtps for TLS, and smtp+plain for neither.",
            place="POOLBOOK_MAIL_URL",
        ) from None
    if not parts.hostname or parts.path.strip("/") or parts.query:
        raise Invalid(
            "POOLBOOK_MAIL_URL must contain a host, and no path or query. Set it to something "
            "like smtp://user:password@mail.example.org.",
            place="POOLBOOK_MAIL_URL",
        )
    if security == "none" and parts.username:
        raise Invalid(
            "A password cannot be sent without TLS. Use smtp:// or smtps://.",
            place="POOLBOOK_MAIL_URL",
        )
    return MailSettings(
        host=parts.hostname,
        port=port,
        security=security,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=_sender(sender),
    )


def _sender(text: str) -> Address:
    """Read whose name mail bears, as in ``Three Streams <books@example.org>``. Raises Invalid."""
    header = HeaderRegistry()("From", text) if text.isprintable() else None
    addresses: Sequence[Address] = getattr(header, "addresses", [])
    if len(addresses) != 1 or not addresses[0].domain or getattr(header, "defects", []):
        raise Invalid(
            "POOLBOOK_MAIL_FROM must look like Three Streams <books@example.org>.",
            place="POOLBOOK_MAIL_FROM",
        )
    return addresses[0]


def _check_stripe(key: str, secret: str, base: str) -> None:
    if bool(key) != bool(secret):
        missing = "STRIPE_WEBHOOK_SECRET" if key else "STRIPE_SECRET_KEY"
        raise Invalid(
            "The Stripe settings are incomplete: {missing} is not set. Copy it from Stripe's "
            "dashboard (Developers), or unset the other.",
            place=missing,
            missing=missing,
        )
    if key and not key.startswith(LIVE_PREFIXES + TEST_PREFIXES):
        raise Invalid(
            "STRIPE_SECRET_KEY is neither a test key nor a live key. Copy a key that begins with "
            "sk_ or rk_ from Stripe's dashboard (Developers, API keys).",
            place="STRIPE_SECRET_KEY",
        )
    if secret and not secret.startswith("whsec_"):
        raise Invalid(
            "STRIPE_WEBHOOK_SECRET does not start with whsec_. Copy the signing secret of the "
            "endpoint from Stripe's dashboard (Developers, Webhooks).",
            place="STRIPE_WEBHOOK_SECRET",
        )
    if key.startswith(LIVE_PREFIXES) and base != STRIPE_API:
        raise Invalid(
            "A live Stripe key can only be sent to Stripe's own address. Unset STRIPE_API_BASE, or "
            "use a test key.",
            place="STRIPE_API_BASE",
        )


def _stored(data: Path, name: str) -> str:
    """Return one of the installation's own secrets, made on first use and kept private.

    Written whole beside its place and linked into it, so that two processes starting at once
    end up with the same one. Raises Invalid where that is impossible.
    """
    path = data / name
    try:
        if not path.exists():
            make_private_folder(data)
            draft = data / f"{name}.{secrets.token_hex(8)}"
            make_private_file(draft)
            draft.write_text(secrets.token_hex(32))
            with suppress(FileExistsError):
                path.hardlink_to(draft)
            draft.unlink()
        close_to_others(path)
        return path.read_text().strip()
    except OSError as error:
        raise Invalid(
            "POOLBOOK_DATA names a folder in which the program cannot keep its keys: {folder} "
            "({reason}). Give that folder to the program's user, or name another.",
            place="POOLBOOK_DATA",
            folder=data,
            reason=error.strerror or type(error).__name__,
        ) from error
