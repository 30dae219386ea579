"""Codes that somebody types: those of an app, and recovery codes; the same wherever they count."""

from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from ledger.db import Session
from ledger.encryption import SecretBox
from ledger.models.factors import Totp
from ledger.schemas.fields import asked
from ledger.services.people import factors
from ledger.services.people.factors import Answer
from ledger.web.site.context import here, now


def asked_of(app: Totp | None) -> dict[str, dict[str, Any]]:
    """Return what a form says about the field of an app's code."""
    hint = _("Six digits from %(app)s", app=app.label) if app is not None else ""
    return {"code": asked(_("Code of your app"), hint)}


def recovery() -> dict[str, dict[str, Any]]:
    """Return what a form says about the field of a recovery code."""
    hint = _("One of the ten codes you saved, such as 4k7m2-9qxr3")
    return {"code": asked(_("Recovery code"), hint, widget="line", autocomplete="off")}


def box() -> SecretBox:
    """Return what factors are encrypted and hashed with here."""
    return SecretBox(here().settings.secret_key, factors.PURPOSE)


def check(opened: Session, person_id: UUID, code: str, *, takes_recovery: bool) -> Answer:
    """Check a code and count a wrong one, so the caller must commit. Raises RateLimited."""
    return factors.check_code(
        opened,
        person_id=person_id,
        code=code,
        takes_recovery=takes_recovery,
        box=box(),
        now=now(),
    )
