"""Obtain and manage TLS certificates over ACME (RFC 8555), with the C library libcertwright.

    import certwright

    certificate = certwright.obtain("a.example", agree_tos=True, email="a@example.com",
                                    authenticator="webroot", webroot_path="/srv/www")
    print(certificate.fullchain, certificate.key)

- obtain() gets a certificate, without files.
- Client runs the verbs of the command, with its files.
- Host lets your program publish the challenges itself.
- Account and Order take one step of ACME after the other.
- certwright.aio has the same for asyncio, and certwright.pylego takes pylego's place.

All errors are certwright.Error.
"""

from ._errors import AcmeError, Cancelled, Error, LibraryError, Timeout, UsageError
from ._library import library_version
from ._model import AccountInfo, Certificate, Challenge, Question
from .client import Client, Host, Listener, obtain
from .order import Account, Authorization, Order, OrderChallenge

__all__ = [
    "Account", "AccountInfo", "AcmeError", "Authorization", "Cancelled", "Certificate",
    "Challenge", "Client", "Error", "Host", "LibraryError", "Listener", "Order", "OrderChallenge",
    "Question", "Timeout", "UsageError", "library_version", "obtain",
]
