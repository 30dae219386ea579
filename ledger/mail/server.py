"""The relay: hand letters over by SMTP, over TLS wherever a password or a letter could be read.

Tells three troubles apart (RFC 5321 section 4.2.1): MailDown, nothing goes now; MailLater, this
letter does not (replies 4yz); MailRefused, it never will (5yz). Of what the server said its code
alone is kept: its words may hold addresses.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ledger.config import MailSettings
from ledger.mail.letter import Letter

TIMEOUT_SECONDS = 30
PERMANENT = 500
# Replies about the session and our settings, not about this letter (RFC 5321, RFC 4954 section 6).
OURS = {421, 530, 534, 535, 538}


class MailDown(Exception):
    """The relay could not be reached, does not want us now, or our settings are wrong."""


class MailLater(Exception):
    """The relay does not take this letter now, but others."""


class MailRefused(Exception):
    """The relay will never take this letter."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The relay named in the settings; ``home`` is the address of the installation."""

    settings: MailSettings
    home: str

    @contextmanager
    def connected(self) -> "Iterator[Connection]":
        """Open a connection for some letters. Raises MailDown."""
        try:
            client = self._open()
        except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
            raise MailDown(_told(error)) from error
        try:
            yield Connection(client, self)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                client.quit()

    def _open(self) -> smtplib.SMTP:
        to = self.settings
        trusted = ssl.create_default_context()
        client: smtplib.SMTP
        if to.security == "tls":
            client = smtplib.SMTP_SSL(to.host, to.port, timeout=TIMEOUT_SECONDS, context=trusted)
        else:
            client = smtplib.SMTP(to.host, to.port, timeout=TIMEOUT_SECONDS)
        try:
            if to.security == "starttls":
                client.starttls(context=trusted)
            if to.user:
                client.login(to.user, to.password)
        except BaseException:
            client.close()
            raise
        return client


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection to the relay."""

    client: smtplib.SMTP
    server: MailServer

    def send(self, letter: Letter) -> None:
        """Hand over one letter. Raises MailRefused, MailLater or MailDown."""
        message = letter.message(sender=self.server.settings.sender, home=self.server.home)
        try:
            self.client.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            _raise(next(code for code, _ in error.recipients.values()), error)
        except smtplib.SMTPResponseException as error:
            _raise(error.smtp_code, error)
        except (smtplib.SMTPNotSupportedError, UnicodeEncodeError) as error:
            raise MailRefused("the relay takes no address with such letters") from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailDown(_told(error)) from error


def _raise(code: int, error: Exception) -> None:
    if code in OURS:
        raise MailDown(f"answered {code}") from error
    raise (MailRefused if code >= PERMANENT else MailLater)(f"answered {code}") from error


def _told(error: Exception) -> str:
    """Name what went wrong, without anything that the server wrote."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answered {error.smtp_code}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not one this machine trusts"
    return type(error).__name__
