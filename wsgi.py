"""Start Poolbook: put every entry point on one application, and run its processes.

The only file that knows everybody.
"""

import gc

# What is imported stays until the end. To look through it for garbage while it grows takes a fifth
# of the start of every process and command.
gc.disable()

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import reports.cli
import reports.jobs
import reports.views
from ledger import api, config, heavy_jobs, logs, mail_worker, serving, setup_code, web, worker
from ledger.cli import Console, cli, main, pass_console
from ledger.config import Settings
from ledger.db import Database
from ledger.demo import fill
from ledger.errors import Conflict
from ledger.gateway import StripeGateway
from ledger.links import Links
from ledger.mail import MailServer
from ledger.private_files import make_private_folder
from ledger.queries.books.books import has_books
from ledger.queries.payments.stripe_balance import account_of
from ledger.sandbox import serve as serve_sandbox
from ledger.services.jobs import jobs
from ledger.services.stripe_balance import accounts
from ledger.stripe import webhook
from ledger.stripe.checkout import PaymentGateway
from ledger.web.serving.metrics_folder import share_counts
from ledger.web.site import session_cookie
from ledger.web.site.context import Poolbook, system_clock
from migrations import head, require_current, upgrade

gc.freeze()
gc.enable()

__all__ = ["create_app", "main"]

log = logging.getLogger("poolbook.start")

# How long a form can stay open before it is sent.
FORM_HOURS = 12
# The largest body is a bank statement; its reader has a narrower limit of its own.
MAX_BODY = 16 * 1024 * 1024
MAX_FORM = 512 * 1024
SANDBOX_KEY = "sk_test_poolbook_demo"
SANDBOX_SECRET = "whsec_poolbook_demo"  # noqa: S105 (of a sandbox that moves no money)
DEMO_PAYOUT_SECONDS = 20
START_SECONDS = 60
STOP_SECONDS = 10
LOOPBACK = ("127.0.0.1", "localhost")
# The command line as a process of its own.
OURSELVES = (sys.executable, "-c", "from wsgi import main; main()")

reports.cli.register(cli)


def create_app(
    settings: Settings | None = None,
    *,
    db: Database | None = None,
    gateway: PaymentGateway | None = None,
    clock: Callable[[], datetime] = system_clock,
) -> Flask:
    """Return the web program.

    Raises Invalid when the settings are half configured or do not say what stands before a public
    address, and Conflict when the database is older or newer than this program.
    """
    settings = settings or config.from_environment(os.environ)
    config.check_proxies(settings)
    db = db or Database(settings.database_url)
    require_current(db.engine)
    if gateway is None and settings.stripe_key:
        gateway = StripeGateway(settings)
    app = Flask("ledger.web", root_path=web.ROOT, static_folder="static")
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies)  # type: ignore[method-assign]
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME=session_cookie.names(settings.base_url)[1],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https://"),
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        WTF_CSRF_TIME_LIMIT=FORM_HOURS * 3600,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.extensions["poolbook"] = Poolbook(db, settings, gateway, clock)
    # For `make shell`.
    app.shell_context_processor(lambda: {"db": db, "settings": settings})
    csrf = CSRFProtect(app)
    web.register(app)
    app.register_blueprint(reports.views.pages)
    app.register_blueprint(webhook.pages)
    csrf.exempt(webhook.pages)
    for blueprint in api.register(app):
        csrf.exempt(blueprint)
    return app


@cli.command("serve")
@click.option("--port", default=8000, show_default=True, help="Where to listen.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen at; 0.0.0.0 for every one of this machine.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Processes; about one for each core.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Requests that each process answers at once.",
)
@pass_console
def serve(console: Console, port: int, host: str, workers: int, threads: int) -> None:
    """Serve the pages, the API and the webhook; SIGTERM finishes what is under way."""
    settings, db = console.settings(), console.database()
    logs.configure(settings.log_format, settings.log_level)
    refuse_other_books(db, settings)
    share_counts(settings.data / "metrics" / str(port))
    app = create_app(settings, db=db)
    welcome = first_visit(db, settings, reached_at(settings, host, port))

    # Not before the counts are shared: the library looks once how it is to count.
    from ledger.web.serving.request_metrics import forget_process

    def ready(at: str, on: int) -> None:
        # Scripts wait for this line, which stays the first.
        click.echo(f"Serving on http://{at}:{on}", err=True)
        if welcome:
            # Not among the lines of the log, which a collector reads as JSON and keeps.
            click.echo(welcome)
        logs.started(log, "serve", head(), db.engine.dialect.name)

    # Connections do not survive a fork: each worker opens its own.
    db.dispose()
    serving.serve(
        app,
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        ready=ready,
        ended=forget_process,
    )


def reached_at(settings: Settings, host: str, port: int) -> str:
    """Return where whoever reads this console opens the pages: the address that was set, or on one
    machine alone, the port that is served."""
    on_this_machine = urlsplit(settings.base_url).hostname in LOOPBACK and host in LOOPBACK
    return f"http://{host}:{port}" if on_this_machine and port else settings.base_url


def first_visit(db: Database, settings: Settings, address: str) -> str:
    """Return what the console says while there is no book: where to begin, and with which code.

    Empty once there is one; a code that was not needed goes.
    """
    with db.snapshot() as session:
        if has_books(session):
            setup_code.spend(settings.data)
            return ""
    try:
        code = setup_code.issue(settings.data)
    except OSError as error:
        return f"There are no books yet. Run `poolbook setup` ({settings.data}: {error.strerror})."
    return f"There are no books yet. Open {address}/first-visit and enter the code {code}"


def refuse_other_books(db: Database, settings: Settings) -> None:
    """Refuse to take payments for books of another kind of money. Raises NotAllowed."""
    if settings.stripe_key:
        with db.snapshot() as session:
            accounts.check(
                account_of(session), livemode=settings.livemode, sandbox=settings.sandbox
            )


@cli.command("worker")
@pass_console
def work(console: Console) -> None:
    """Do due jobs and read what Stripe did, until stopped."""
    settings, db = console.settings(), console.database()
    logs.configure(settings.log_format, settings.log_level)
    logs.started(log, "worker", head(), db.engine.dialect.name)
    gateway = StripeGateway(settings) if settings.stripe_key else None
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    post = threading.Thread(target=send_mail, args=(db, settings, stop), daemon=True)
    post.start()
    environ = {**os.environ, "POOLBOOK_DATABASE_URL": settings.database_url}
    heavy = [
        threading.Thread(
            target=heavy_jobs.run,
            args=(db, OURSELVES, environ, system_clock, stop, kinds),
            daemon=True,
        )
        for kinds in (jobs.HEAVY, (jobs.BACKGROUND,))
    ]
    for thread in heavy:
        thread.start()
    try:
        worker.run(db, gateway, system_clock, stop, folder=settings.data)
    finally:
        stop.set()
        # A letter on its way is handed over; a relay that hangs does not keep us.
        post.join(timeout=STOP_SECONDS)
        for thread in heavy:
            thread.join(timeout=STOP_SECONDS)


def send_mail(db: Database, settings: Settings, stop: threading.Event) -> None:
    """Send the mail of an installation until told to stop; a demo shows it on a page instead."""
    if settings.mail is not None and settings.sends_mail:
        server = MailServer(settings.mail, settings.base_url)
        links = Links(settings.base_url, settings.secret_key, system_clock)
        mail_worker.run(db, server, links, system_clock, stop)


@cli.command("sandbox")
@click.option("--port", default=8001, show_default=True, help="Where to listen.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    default="var/stripe.db",
    show_default=True,
    help="The file that keeps what happened.",
)
@click.option("--webhook", "target", default=None, help="Where messages go.")
@click.option("--webhook-secret", "secret", default=None, help="Signs the messages.")
def sandbox(port: int, state: Path, target: str | None, secret: str | None) -> None:
    """Serve the Stripe sandbox; no real money moves."""
    serve_sandbox(
        port,
        state,
        webhook=target,
        webhook_secret=secret,
        payout_seconds=DEMO_PAYOUT_SECONDS,
    )


@cli.command("demo")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    help="Where the pages are; the sandbox listens at the next one.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default="var",
    show_default=True,
    help="The folder for the demo's database and keys.",
)
@click.option(
    "--reload", is_flag=True, help="For developers: follow changes, show errors in a debugger."
)
def demo(port: int, data: Path, reload: bool) -> None:
    """Run everything with demo data: sandbox, worker and web server; Ctrl-C stops all."""
    make_private_folder(data)
    database_url = f"sqlite:///{(data / 'poolbook.db').resolve()}"
    db = Database(database_url)
    upgrade(db.engine)
    summary = fill(db, today=date.today())
    db.dispose()
    base = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ,
        "POOLBOOK_DATA": str(data),
        "POOLBOOK_DATABASE_URL": database_url,
        "POOLBOOK_BASE_URL": base,
        "POOLBOOK_DEMO": "1",
        # The terminal shows how to sign in, not every request.
        "POOLBOOK_LOG_LEVEL": os.environ.get("POOLBOOK_LOG_LEVEL") or "warning",
        "STRIPE_SECRET_KEY": SANDBOX_KEY,
        "STRIPE_WEBHOOK_SECRET": SANDBOX_SECRET,
        "STRIPE_API_BASE": f"http://127.0.0.1:{port + 1}",
    }
    target = f"{base}/webhooks/stripe"
    sandbox_options = ["--port", str(port + 1), "--state", str(data / "stripe.db")]
    processes = [
        _start(
            ["sandbox", *sandbox_options, "--webhook", target, "--webhook-secret", SANDBOX_SECRET],
            environ,
        ),
        _start(["worker"], environ),
        _start_development(port, environ)
        if reload
        else _start(["serve", "--port", str(port)], environ),
    ]
    try:
        _wait_for(f"{base}/healthz", processes)
        click.echo(f"\nPoolbook is at {base}   (Ctrl-C stops it)\n")
        click.echo("Sign in with one of these; the link lands in the outbox:")
        for role, name, email in summary.sign_ins:
            click.echo(f"  {role:<10} {name:<16} {email}")
        click.echo(f"  outbox     {base}/outbox\n")
        _wait_until_one_ends(processes)
    finally:
        _stop(processes)


def _start(arguments: list[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return _run([*OURSELVES[1:], *arguments], environ)


def _start_development(port: int, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start Flask's own server, which listens to this machine only."""
    return _run(["-m", "flask", "--app", "wsgi", "run", "--debug", "--port", str(port)], environ)


def _run(arguments: list[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
    # A process group of its own: Ctrl-C reaches the parent alone, which stops all in order.
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, *arguments], env=environ, start_new_session=True
    )


def _wait_for(url: str, processes: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if any(process.poll() is not None for process in processes):
            raise Conflict("A part of the demo ended at once; is the port taken?", place="--port")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (our own address)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise Conflict("The demo did not come up within a minute.", place="--port")


def _wait_until_one_ends(processes: list[subprocess.Popen[bytes]]) -> None:
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    while not stop.wait(0.5):
        if any(process.poll() is not None for process in processes):
            raise Conflict("A part of the demo has ended; the others were stopped.")


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes):
        # With its children: the server that follows changes has one, which it does not stop.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
