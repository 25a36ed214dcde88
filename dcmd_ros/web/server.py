"""Serves the page, the news and the pictures of a board; standard library only."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dcmd_ros.web.address import LOOPBACK, Address
from dcmd_ros.web.board import Board, Cursor
from dcmd_ros.web.page import page

MOST = 48  # connections; a browser's window has two
PATIENCE = 10.0  # seconds that a browser may be silent, or leave what it is sent unread
LONGEST = 2.0  # seconds until an answer without news or picture; below the board's lease
INTERVAL = 0.1  # seconds between two news
RETRY = 1000  # ms after which a browser tries again
BUSY = b'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'


class Server(ThreadingHTTPServer):
    """
    One thread a connection, so that a slow browser holds up nobody else.

    :param patience: seconds that a browser may be silent
    :param most: connections at the same time; more are refused
    :raises DcmdError: the address is taken or not to be had
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: Address, board: Board, inspector: str,
                 patience: float = PATIENCE, most: int = MOST) -> None:
        self.address_family = address.family
        self.board = board
        self.page = page(inspector)
        self.patience = patience
        self._seats = threading.BoundedSemaphore(most)
        try:
            super().__init__((address.host, address.port), Handler)
        except OSError as error:
            raise address.refused(error) from None
        self.address = Address(address.host, self.server_address[1])

    def server_bind(self) -> None:
        """Without HTTPServer's question for this machine's name, which may take long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._seats.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        request.setblocking(False)
        with contextlib.suppress(OSError):
            request.sendall(BUSY)
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._seats.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = 'HTTP/1.1'
    server_version, sys_version = 'dcmd_ros', ''

    def setup(self) -> None:
        self.request.settimeout(self.server.patience)
        super().setup()

    def do_GET(self) -> None:  # noqa: N802
        path, _, query = self.path.partition('?')
        if self.headers.get('Content-Length') or self.headers.get('Transfer-Encoding'):
            self.close_connection = True  # a body would be read as the next request
        if not self._is_meant():
            self.send_error(403, 'The page is served to this machine only')
        elif path == '/':
            self._answer(200, self.server.page.html, 'text/html; charset=utf-8',
                         {'Content-Security-Policy': self.server.page.policy})
        elif path == '/events':
            self._events()
        elif path == '/overlay':
            self._overlay(parse_qs(query).get('after', ['0'])[-1])
        else:
            self.send_error(404)

    def _is_meant(self) -> bool:
        """Whether the name in the request is this machine's: no other site's page may ask."""
        if not self.server.address.local:
            return True
        try:
            return urlsplit(f'//{self.headers.get("Host", "localhost")}').hostname in LOOPBACK
        except ValueError:
            return False

    def _events(self) -> None:
        """Server-sent events without end."""
        self.close_connection = True
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(f'retry: {RETRY}\n\n'.encode())
        cursor = Cursor()
        while not self.server.board.closed:
            cursor, news = self.server.board.news(cursor, LONGEST)
            text = json.dumps(news, allow_nan=False, separators=(',', ':'))
            self.wfile.write(f'data: {text}\n\n'.encode())
            time.sleep(INTERVAL)

    def _overlay(self, after: str) -> None:
        """The newest picture as soon as there is another than the one `after`."""
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            self.send_error(400, 'after is the number of a picture')
            return
        found = self.server.board.look(int(after), LONGEST)
        if found is None:
            self._answer(204)
        else:
            self._answer(200, found[1], 'image/jpeg', {'X-Picture': str(found[0])})

    def _answer(self, code: int, body: bytes = b'', kind: str = '',
                more: dict[str, str] | None = None) -> None:
        self.send_response(code)
        headers = {'Content-Type': kind, 'Content-Length': str(len(body))} if kind else {}
        for name, value in {**headers, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        self.send_header('Cache-Control', 'no-store')
        self.send_header('X-Content-Type-Options', 'nosniff')
        self.send_header('Cross-Origin-Resource-Policy', 'same-origin')
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the page asks several times a second."""


@contextmanager
def serving(address: Address, board: Board, inspector: str, **limits: Any) -> Iterator[Server]:
    """
    A server in threads of its own.

    :raises DcmdError: the address is taken or not to be had
    """
    with Server(address, board, inspector, **limits) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            board.close()
            server.shutdown()
            thread.join()
