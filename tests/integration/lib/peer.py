"""What certificate a server shows to its clients."""

import contextlib
import smtplib
import socket
import ssl

from cryptography import x509


def _context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _after_smtp(port, name):
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client._host = name  # what smtplib sends as SNI
        client.starttls(context=_context())
        return client.sock.getpeercert(True)


def _at_once(port, name):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with _context().wrap_socket(plain, server_hostname=name) as stream:
            return stream.getpeercert(True)


def shown_serial(port, name, smtp=False):
    """The serial number of the certificate for NAME; None: the server does not answer with TLS."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        der = (_after_smtp if smtp else _at_once)(port, name)
        return x509.load_der_x509_certificate(der).serial_number
    return None
