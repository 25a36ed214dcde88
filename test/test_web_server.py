"""The server over real sockets, without ROS and without a browser."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcmd_ros.errors import DcmdError
from dcmd_ros.web import server as module
from dcmd_ros.web.address import DEFAULT, Address, address
from dcmd_ros.web.board import Board, Result
from dcmd_ros.web.page import page
from dcmd_ros.web.picture import LONGEST, jpeg
from dcmd_ros.web.server import Server, serving

LIMIT = 60.0
ANY = Address('127.0.0.1', 0)
RESULT = Result('good', 0.1, 0.5, 'both', False, '1.0', None, {})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'LONGEST', 0.1)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def server(board: Board) -> Iterator[Server]:
    with serving(ANY, board, '/dcmd_inspector', patience=5, most=8) as running:
        yield running


def connect(server: Server) -> socket.socket:
    return socket.create_connection((server.address.host, server.address.port), LIMIT)


def say(server: Server, text: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    with connect(server) as client:
        with suppress(OSError):  # it need not read what it will not take
            client.sendall(text)
        return drained(client)


def drained(client: socket.socket) -> bytes:
    heard = b''
    with suppress(ConnectionError):
        while more := client.recv(1 << 16):
            heard += more
    return heard


def get(server: Server, path: str, **headers: str) -> http.client.HTTPResponse:
    client = http.client.HTTPConnection(server.address.host, server.address.port, timeout=LIMIT)
    client.request('GET', path, headers=headers)
    return client.getresponse()


def follow(client: socket.socket, host: str = 'localhost') -> Iterator[dict[str, Any]]:
    """The news that a browser is sent."""
    client.sendall(f'GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode())
    for line in client.makefile('rb'):
        if line.startswith(b'data: '):
            yield json.loads(line[6:])


def until(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + LIMIT
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return value


def test_the_page_is_one_file_that_asks_nobody_else(server: Server) -> None:
    answer = get(server, '/')
    text = answer.read().decode()
    assert answer.status == 200 and answer.headers['Content-Type'] == 'text/html; charset=utf-8'
    assert '<title>/dcmd_inspector</title>' in text and '{{' not in text
    assert set(re.findall(r'https?://[^\'"\s]+', text)) == {'http://www.w3.org/2000/svg'}
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    policy = answer.headers['Content-Security-Policy']
    assert policy.startswith("default-src 'none'") and 'unsafe' not in policy


def test_the_name_of_the_inspector_is_text_in_the_page() -> None:
    assert b'<b>' not in page('<b>').html.split(b'<style>')[0]


def test_news_come_as_they_happen(server: Server, board: Board) -> None:
    with connect(server) as client:
        news = follow(client)
        assert next(news)['result'] is None
        board.result(RESULT)
        told = next(one for one in news if one['result'])
        assert told['result']['verdict'] == 'good' and told['result']['latency_ms'] is None
        assert len(told['points']) == 1
        board.part('anomalous', 0.9, '7', '12.5')
        told = next(one for one in news if one['parts'])
        assert told['parts'][0]['verdict'] == 'anomalous' and told['points'] == []


def test_pictures_come_once_each_over_one_connection(server: Server, board: Board) -> None:
    client = http.client.HTTPConnection(server.address.host, server.address.port, timeout=LIMIT)
    picture = jpeg(np.full((48, 64, 3), 90, np.uint8))

    def ask(after: int) -> tuple[int, bytes, str | None]:
        client.request('GET', f'/overlay?after={after}')
        answer = client.getresponse()
        return answer.status, answer.read(), answer.headers['X-Picture']
    assert ask(0) == (204, b'', None) and board.wanted
    board.picture(picture)
    assert ask(0) == (200, picture, '1')
    assert ask(1)[0] == 204
    client.close()


def test_large_pictures_are_made_smaller() -> None:
    cv2 = pytest.importorskip('cv2')
    picture = np.zeros((1500, 2560, 3), np.uint8)
    picture[..., 0] = 200
    read = cv2.imdecode(np.frombuffer(jpeg(picture), np.uint8), cv2.IMREAD_COLOR)
    assert read.shape == (750, LONGEST, 3)
    assert read[9, 9, 2] > 190 and read[9, 9, 0] < 10  # red stays red


@pytest.mark.parametrize('path', [
    '/../../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '//etc/passwd', '/page.js', '/events/',
    '/?x=/etc/passwd/..', 'http://elsewhere/', '/\x7f', '*', '/overlay/../page.html',
    'http://[', '/overlay?after=0&after=%00&after'])
def test_no_path_leads_to_a_file(server: Server, path: str) -> None:
    heard = say(server, f'GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
                .encode())
    assert b'root:' not in heard and b"'use strict'" not in heard.split(b'<style>')[0]
    assert heard.startswith((b'HTTP/1.1 404', b'HTTP/1.1 200', b'HTTP/1.1 400', b'HTTP/1.1 204'))


@pytest.mark.parametrize('after', ['', 'x', '-1', '9' * 5000, '1e3', '%F0', '%D9%A3'])
def test_a_strange_number_is_a_bad_request_and_no_more(server: Server, after: str) -> None:
    answer = get(server, f'/overlay?after={after}')
    assert answer.status == (204 if after == '' else 400)
    assert get(server, '/').status == 200


@pytest.mark.parametrize(('text', 'code'), [
    (b'GET /' + b'x' * 70_000 + b' HTTP/1.1\r\n\r\n', b'414'),
    (b'GET / HTTP/1.1\r\nX: ' + b'x' * 70_000 + b'\r\n\r\n', b'431'),
    (b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 200 + b'\r\n', b'431'),
    (b'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n', b'501'),
    (b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', b'400'),
    (b'GET\r\n\r\n', b'400'),
])
def test_big_and_broken_requests_are_refused(server: Server, text: bytes, code: bytes) -> None:
    heard = say(server, text)
    assert code in heard or not heard  # it may have hung up in our face
    assert get(server, '/').status == 200


def test_a_body_is_not_read_as_the_next_request(server: Server) -> None:
    hidden = b'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n'
    heard = say(server, b'GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n'
                % len(hidden) + hidden)
    assert heard.count(b'HTTP/1.1 ') <= 1 and b'event-stream' not in heard


@pytest.mark.parametrize(('host', 'code'), [
    ('localhost', 200), ('127.0.0.1:99', 200), ('[::1]:99', 200), ('evil.example', 403),
    ('evil.example:8080', 403), ('localhost.evil.example', 403), ('[', 403)])
def test_other_sites_names_for_this_machine_are_refused(
        server: Server, host: str, code: int) -> None:
    assert get(server, '/', Host=host).status == code


def test_more_browsers_than_seats_are_refused_until_one_leaves(server: Server) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(connect(server)) for _ in range(8)]
        for client in streams:
            next(follow(client))
        with connect(server) as late:
            assert drained(late).startswith(b'HTTP/1.1 503')
        streams[0].shutdown(socket.SHUT_RDWR)
        until(lambda: say(server, b'GET /nothing HTTP/1.0\r\n\r\n').startswith(b'HTTP/1.1 404'))


def test_a_browser_that_stops_reading_holds_up_nobody_and_is_let_go(board: Board) -> None:
    board.diagnostic('rgb', 'OK', 'x' * 1_000_000)
    with serving(ANY, board, '/x', patience=1, most=2) as server, connect(server) as slow:
        slow.sendall(b'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
        with connect(server) as quick:
            news = follow(quick)
            for number in range(20):
                board.part('good', 0.1, str(number), '1.0')
                next(one for one in news if one['parts'][0]['frames'] == str(number))
            until(lambda: say(server, b'GET /nothing HTTP/1.0\r\n\r\n').startswith(
                b'HTTP/1.1 404'))


def test_a_browser_that_says_nothing_is_let_go(board: Board) -> None:
    with serving(ANY, board, '/x', patience=0.2) as server, connect(server) as silent:
        assert drained(silent) == b''


def test_it_ends_with_browsers_still_there(board: Board) -> None:
    with ExitStack() as stack:
        with serving(ANY, board, '/x') as server:
            clients = [stack.enter_context(connect(server)) for _ in range(3)]
            following = [follow(client) for client in clients]
            for news in following:
                next(news)
        for news in following:
            list(news)  # ends


def test_a_port_that_is_taken_is_one_plain_line(server: Server, board: Board) -> None:
    with pytest.raises(DcmdError, match=r'127\.0\.0\.1:\d+: Address already in use; choose'):
        Server(server.address, board, '/x')
    with pytest.raises(DcmdError, match='Address already in use'):
        server.address.check()
    with pytest.raises(DcmdError, match='cannot be served at no-such-host.invalid:80: '):
        Address('no-such-host.invalid', 80).check()


@pytest.mark.parametrize(('text', 'read'), [
    ('8123', '127.0.0.1:8123'), (':8123', '127.0.0.1:8123'), ('0.0.0.0', '0.0.0.0:8080'),
    ('cell:0', 'cell:0'), ('[::1]:9', '[::1]:9'), (DEFAULT, DEFAULT)])
def test_addresses(text: str, read: str) -> None:
    assert str(address(text)) == read


@pytest.mark.parametrize('text', [
    '', 'cell:port', '1:2:3', 'a@b:80', 'a/b', ':70000', '[::1', '::1'])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(Exception, match='is no HOST:PORT'):
        address(text)


def test_the_files_of_the_page_stand_beside_the_code() -> None:
    folder = Path(module.__file__).parent
    assert {path.name for path in folder.glob('page.*')} == {
        'page.py', 'page.html', 'page.css', 'page.js'}
