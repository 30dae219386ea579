"""E-mail: the only package that talks to a mail server. Must not know the database.

``letter`` makes a message of text and HTML from the words that were kept; ``server`` hands it to
the relay. DKIM, SPF and queues for the wide world are the relay's job.
"""

from ledger.mail.letter import Letter
from ledger.mail.server import Connection, MailDown, MailLater, MailRefused, MailServer

__all__ = ["Connection", "Letter", "MailDown", "MailLater", "MailRefused", "MailServer"]
