"""One process of the payment path that kills itself at the n-th step.

A step is the start or the end of a call to the gateway, or the end of a transaction; step 0 is
never reached.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import stripe

from ledger import worker
from ledger.config import Settings
from ledger.db import Database
from ledger.gateway import StripeGateway
from ledger.stripe import checkout
from ledger.stripe.sync import sync_stripe
from wsgi import create_app

KEY = "sk_test_faults"
SECRET = "whsec_faults"


class Fuse:
    """Counts steps and dies at the chosen one, as a machine that loses power does."""

    def __init__(self, last: int) -> None:
        self.left = last

    def step(self) -> None:
        """Come one step closer."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedGateway:
    """The real gateway with a step before and after each call."""

    def __init__(self, gateway: StripeGateway, fuse: Fuse) -> None:
        self._gateway = gateway
        self._fuse = fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._gateway, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            self._fuse.step()
            answer = method(*args, **kwargs)
            self._fuse.step()
            return answer

        return called


class FusedDatabase(Database):
    """A database with a step after each transaction."""

    fuse: Fuse

    def run(self, deed: Callable[[Any], Any], *, decides: bool = True) -> Any:
        """Run a deed; the step comes after its commit."""
        answer = super().run(deed, decides=decides)
        self.fuse.step()
        return answer


def settings(database_url: str, sandbox: str) -> Settings:
    return Settings(
        database_url=database_url,
        data=Path("."),
        secret_key="x",
        base_url="http://127.0.0.1:1",
        stripe_key=KEY,
        stripe_webhook_secret=SECRET,
        stripe_base=sandbox,
    )


def main(role: str, database_url: str, sandbox: str, pledge: str, last: str) -> None:
    fuse = Fuse(int(last))
    db = FusedDatabase(database_url)
    db.fuse = fuse
    real = StripeGateway(settings(database_url, sandbox))
    gateway: Any = FusedGateway(real, fuse)
    now = datetime.now(UTC)
    if role == "web":
        print(
            checkout.start_checkout(
                db,
                gateway,
                pledge_id=UUID(pledge),
                success_url="http://127.0.0.1:1/thanks",
                cancel_url="http://127.0.0.1:1/back",
                now=now,
            )
        )
    elif role in ("door", "forgetful door"):
        hear(real, db, gateway, database_url, sandbox, anew=role == "forgetful door")
    elif role == "worker":
        worker.run_due(db, gateway, now=now)
        sync_stripe(db, gateway, now=now)
    db.dispose()


def hear(
    real: StripeGateway, db: Database, gateway: Any, database_url: str, sandbox: str, *, anew: bool
) -> None:
    """Take the newest message of the sandbox in at the real door; ``anew`` under another name."""
    told = real.client.v1.events.list({"type": "charge.updated", "limit": 1}).data[0].to_dict()
    body = json.dumps({**told, **({"id": f"evt_{uuid4().hex}"} if anew else {})})
    header = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    door = create_app(settings(database_url, sandbox), db=db, gateway=gateway).test_client()
    answer = door.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": header})
    assert answer.status_code == 200


def speak(said: Path, wrong: Path, told: tuple[str, str, str, str, str]) -> None:
    """Be one process: do what was told, and write into two files."""
    with said.open("w", buffering=1) as out, wrong.open("w", buffering=1) as err:
        sys.stdout, sys.stderr = out, err
        try:
            main(*told)
        except Exception:
            traceback.print_exc()
            sys.exit(1)
