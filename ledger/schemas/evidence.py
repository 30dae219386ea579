"""Attached files: what is said about one beside its bytes."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as later

from ledger.schemas.fields import Line, Text, asked
from ledger.schemas.forms import Form


@dataclass(frozen=True, slots=True)
class AttachedNote:
    """The note of one file."""

    note: str


class AttachedNoteForm(Form[AttachedNote]):
    """The form beside which a file is sent."""

    makes = AttachedNote

    note = Line(
        load_default="",
        longest=200,
        metadata=asked(later("Note"), hint=later("What the file shows, if it is not obvious.")),
    )


@dataclass(frozen=True, slots=True)
class Erasing:
    """Why a file is to be erased."""

    reason: str


class ErasingForm(Form[Erasing]):
    """The form that asks to erase a file."""

    makes = Erasing

    reason = Text(required=True, longest=500, metadata=asked(later("Reason")))
