"""Where the page is served: HOST:PORT."""

from __future__ import annotations

import argparse
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from dcmd_ros.errors import DcmdError

HOST, PORT = '127.0.0.1', 8080
DEFAULT = f'{HOST}:{PORT}'
LOOPBACK = {'localhost', '127.0.0.1', '::1'}


@dataclass(frozen=True)
class Address:
    """Port 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f'[{self.host}]' if ':' in self.host else self.host
        return f'{host}:{self.port}'

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ':' in self.host else socket.AF_INET

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK

    def refused(self, error: OSError) -> DcmdError:
        """Why nothing can be served here, and what to do."""
        reason = error.strerror or str(error)
        return DcmdError(f'the page cannot be served at {self}: {reason}; choose another '
                         'HOST:PORT, or end what uses it')

    def check(self) -> None:
        """
        See that a server could start here now.

        :raises DcmdError: it could not
        """
        try:
            with socket.socket(self.family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self.host, self.port))
        except OSError as error:
            raise self.refused(error) from None


def address(text: str) -> Address:
    """Read HOST:PORT, HOST, PORT or :PORT; the rest is the default's. For argparse."""
    try:
        parts = urlsplit(f'//:{text}' if text.isdecimal() else f'//{text}')
        if not text or '@' in text or parts.path or parts.query or parts.fragment:
            raise ValueError
        return Address(parts.hostname or HOST, PORT if parts.port is None else parts.port)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no HOST:PORT, such as {DEFAULT} or [::1]:{PORT}') from None
