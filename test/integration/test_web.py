"""The live page: real nodes, the server as a process, and Chromium where there is one."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import Browser, browsing, chromium
from diagnostic_msgs.msg import DiagnosticArray
from listening import Start
from live import LIMIT, Bench, inspector
from rig import IN_A_ROW, Rig, camera, rig

from dcmd_ros.nodes.result import status
from dcmd_ros.web.address import Address, address

pytestmark = pytest.mark.usefixtures('ros_domain')
HERE = '127.0.0.1:0'
MARKUP = '<b id="markup">6</b>'
LIVE = 'document.getElementById("link").innerText === "live"'


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip('no Chromium on this machine')
    with browsing(tmp_path / 'profile') as found:
        yield found


def served(process: subprocess.Popen[str]) -> Address:
    """Where the process says that its page is."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith('web page: '):
            return address(line.split('//')[1].strip().rstrip('/'))
    raise AssertionError(f'it ended with {process.wait()}')


def shown(row: str, column: int) -> str:
    """An expression: what stands in a row of the table of sensors."""
    return (f'[...document.querySelectorAll("#statuses tr")].find(row => '
            f'row.cells[0].innerText === "{row}")?.cells[{column}].innerText')


def joints(plot: str, line: str) -> str:
    """An expression: how many points a line of a plot joins."""
    return (f'(document.querySelector("#{plot} .{line}")?.getAttribute("d").match(/L/g) || [])'
            '.length')


def is_wide(browser: Browser) -> bool:
    """Whether one has to scroll sideways."""
    return browser.ask('document.documentElement.scrollWidth > innerWidth')


def publish_part(live: Rig) -> None:
    """A pass as the contract has it, with markup where a number should be."""
    publisher = live.bench.node.create_publisher(DiagnosticArray, 'dcmd_inspector/part', 10)
    live.bench.wait_for(publisher.get_subscription_count)
    publisher.publish(DiagnosticArray(status=[status('part', b'\1', 'anomalous', {
        'verdict': 'anomalous', 'score': '0.875', 'best_stamp': '12.345678901',
        'frames': MARKUP})]))


def test_the_page_shows_what_the_inspector_tells(start: Start, browser: Browser) -> None:
    with rig() as live:
        browser.show(f'http://{served(start("web", HERE))}/')
        browser.wait('document.getElementById("overlay").naturalWidth === 64')
        browser.wait(f'{joints("scores", "score")} > 3 && {joints("confidences", "rgb")} > 3 '
                     f'&& {joints("confidences", "depth")} > 3')
        browser.wait(f'{shown("rgb", 3)}.startsWith("OK: ")')
        browser.wait(LIVE)
        assert browser.text('#verdict') == 'GOOD' and browser.text('#mode') == 'RGB + depth'
        assert browser.text('#score') == '0.100' and browser.text('#threshold') == '0.50'
        assert [browser.ask(shown(m, 2)) for m in ('rgb', 'depth')] == ['0.90', '0.90']
        assert browser.text('#degraded') == '' and browser.text('#no-parts') == 'no parts yet'
        assert browser.ask('document.getElementById("overlay").alt') == (
            'overlay: GOOD, score 0.10')
        assert 'rgb 0.90, depth 0.90;' in browser.ask(
            'document.getElementById("confidences").getAttribute("aria-label")')
        live.fault('drop depth')
        browser.wait(f'{shown("depth", 1)} === "lost" && {shown("depth", 2)} === "-" && '
                     f'{shown("depth", 3)}.startsWith("ERROR: no messages on /depth/image")')
        assert browser.text('#mode') == 'RGB only'
        assert browser.text('#degraded') == 'Degraded: depth lost'
        assert browser.ask('document.querySelector("#scores .lapse").getAttribute("d")')
        publish_part(live)
        browser.wait('document.querySelectorAll("#part-rows tr").length === 1')
        assert browser.text('#part-rows tr').split('\t') == [
            '1', 'ANOMALOUS', '0.875', MARKUP, '12.34']
        assert not browser.ask('document.getElementById("markup")')
        assert not is_wide(browser)
        browser.size(360, 740)
        assert not is_wide(browser)


def test_the_page_finds_node_and_server_again(start: Start, browser: Browser) -> None:
    process = start('web', HERE)
    where = served(process)
    browser.show(f'http://{where}/')
    browser.wait('document.getElementById("link").innerText.startsWith("no inspector")')
    with camera():
        with inspector():
            browser.wait(LIVE)
        browser.wait('document.getElementById("link").innerText.startsWith("no inspector")')
        with inspector():
            browser.wait(LIVE)
            process.kill()
            process.wait()
            browser.wait('document.getElementById("link").innerText.startsWith("no connection")')
            served(start('web', where))
            browser.wait(LIVE)
            number = browser.ask('document.getElementById("overlay").src')
            browser.wait(f'document.getElementById("overlay").src !== "{number}"')


def test_pictures_are_made_only_while_someone_looks_and_a_page_that_hangs_holds_up_nobody(
        start: Start) -> None:
    with rig() as live:
        process = start('web', HERE)
        where = served(process)

        def listeners(topic: str = 'overlay') -> int:
            return live.bench.node.count_subscribers(f'dcmd_inspector/{topic}')
        live.bench.wait_for(lambda: listeners('part') == 1)
        seen = []
        live.begin()
        live.bench.wait_for(lambda: seen.append(listeners()) or len(
            live.bench.results) > live.mark + IN_A_ROW)
        assert not any(seen)
        picture = cv2.imdecode(np.frombuffer(overlay(where), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (48, 64, 3)
        live.bench.wait_for(lambda: listeners() == 1)
        process.send_signal(signal.SIGSTOP)
        live.begin()
        live.goes_on('both')
        live.begin()
        live.goes_on('both')
        process.send_signal(signal.SIGCONT)
        live.bench.wait_for(lambda: listeners() == 0)


def overlay(where: Address) -> bytes:
    """The first picture."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        client = http.client.HTTPConnection(where.host, where.port, timeout=LIMIT)
        client.request('GET', '/overlay')
        if picture := client.getresponse().read():
            return picture
    raise AssertionError('no picture')


def test_inspect_starts_the_page_and_takes_it_along(start: Start, tmp_path: Path) -> None:
    process = start('inspect', '--model', tmp_path / 'late.pth', '--web', HERE,
                    '--ros-args', '-r', '__ns:=/cell', '-r', '__node:=eye')
    where = served(process)
    with Bench(namespace='/cell', publishes=False, inspector_name='eye') as bench:
        bench.wait_for(lambda: 'no such model file' in bench.status('inference')['message'])
    with socket.create_connection((where.host, where.port), LIMIT) as client:
        client.sendall(b'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
        news = client.makefile('rb')
        assert any(b'no such model file' in line for line in news)
        process.send_signal(signal.SIGINT)
        news.read()  # until it hangs up
    assert process.wait(LIMIT) == 0
    with socket.socket() as client:
        assert client.connect_ex((where.host, where.port)) != 0


def test_the_page_ends_when_the_process_that_started_it_has_gone(start: Start) -> None:
    process = start('web', HERE, '--parent', 0)
    served(process)
    assert process.wait(LIMIT) == 0


@pytest.mark.parametrize('verb', [('web',), ('inspect', '--web')])
def test_a_port_that_is_taken_is_one_plain_line(start: Start, verb: tuple[str, ...]) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        process = start(*verb, port)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1 and err.splitlines() == [
        f'dcmd_ros: the page cannot be served at 127.0.0.1:{port}: Address already in use; '
        'choose another HOST:PORT, or end what uses it']


def test_a_name_that_no_node_can_have_is_one_plain_line(start: Start) -> None:
    process = start('web', HERE, '--inspector', 'two words')
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1 and err.splitlines() == [
        "dcmd_ros: 'two words' is no name of a node; --inspector takes one such as "
        '/cell1/dcmd_inspector']
