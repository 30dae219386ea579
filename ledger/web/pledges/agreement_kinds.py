"""A promise on paper as a kind of agreement: raised, or written off, once an approver agrees.

It is asked for among the manual entries, because it begins with a letter.
"""

from flask_babel import lazy_gettext as later

from ledger.services.pledges import receivables
from ledger.web.approvals.agreement_kinds import AgreementPage, Step, only_asking, register

register(
    receivables.KIND,
    AgreementPage(
        later("Written pledge"),
        steps={
            "increase": Step(
                later("Increase the amount"),
                ("amount", "evidence"),
                only_asking(receivables.propose_increase),
                "promise_id",
                asks=True,
            ),
            "write_off": Step(
                later("Write off the remainder"),
                ("reason",),
                only_asking(receivables.propose_write_off),
                "promise_id",
                asks=True,
                why=later("Why no more will be paid"),
            ),
        },
    ),
)
