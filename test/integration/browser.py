"""Chromium without a window, driven over its own pipe: no package and no port needed."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIMIT = 120.0  # s; generous
NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
         '--no-first-run', '--disable-background-networking', '--disable-component-update',
         '--no-proxy-server', '--remote-debugging-pipe')


def chromium() -> str | None:
    """Its path, None where this machine has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page. Commands are those of the DevTools protocol."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._heard = b''
        self._number = 0
        self._session: str | None = None
        target = self.send('Target.createTarget', url='about:blank')['targetId']
        self._session = self.send(
            'Target.attachToTarget', targetId=target, flatten=True)['sessionId']

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command."""
        self._number += 1
        session = {'sessionId': self._session} if self._session else {}
        told = json.dumps({'id': self._number, 'method': method, 'params': params, **session})
        os.write(self._write, told.encode() + b'\0')
        end = time.monotonic() + LIMIT
        while (answer := self._receive(end)).get('id') != self._number:
            pass
        assert 'error' not in answer, answer
        return answer['result']

    def _receive(self, end: float) -> dict[str, Any]:
        while b'\0' not in self._heard:
            ready, _, _ = select.select([self._read], [], [], max(end - time.monotonic(), 0))
            assert ready, f'Chromium did not answer within {LIMIT} s'
            more = os.read(self._read, 1 << 20)
            assert more, 'Chromium ended'
            self._heard += more
        message, _, self._heard = self._heard.partition(b'\0')
        return json.loads(message)

    def show(self, url: str, width: int = 1280, height: int = 900) -> None:
        """Open the address in a window of this size."""
        self.size(width, height)
        self.send('Page.navigate', url=url)
        self.wait('document.readyState === "complete" && location.protocol !== "about:"')

    def size(self, width: int, height: int, scale: float = 1) -> None:
        self.send('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=scale, mobile=width < 500)

    def ask(self, expression: str) -> Any:
        """What a JavaScript expression, or its promise, gives."""
        answer = self.send('Runtime.evaluate', expression=expression, returnByValue=True,
                           awaitPromise=True)
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def text(self, selector: str) -> str:
        """Of the first element that matches, empty where none does."""
        return self.ask(f'document.querySelector({json.dumps(selector)})?.innerText ?? ""')

    def wait(self, expression: str) -> Any:
        """Until the expression gives something true, and give that."""
        end = time.monotonic() + LIMIT
        while not (value := self.ask(expression)):
            assert time.monotonic() < end, (
                f'{expression} not within {LIMIT} s; the page says: {self.text("body")}')
            time.sleep(0.05)
        return value

    def picture(self, path: Path) -> None:
        """The window as PNG."""
        told = self.send('Page.captureScreenshot', format='png')
        path.write_bytes(base64.b64decode(told['data']))


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """
    A Chromium process that keeps its files in `profile`.

    It takes commands from its file 3 and answers on its file 4.
    """
    path = chromium()
    assert path is not None
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    running = subprocess.Popen(
        ['sh', '-c', 'exec "$@" 3<&0 0</dev/null 4>&1 1>/dev/null', 'sh', path, *FLAGS,
         f'--user-data-dir={profile}'],
        stdin=theirs_in, stdout=theirs_out, stderr=subprocess.DEVNULL)
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(ours_in, ours_out)
    finally:
        running.terminate()
        running.wait(LIMIT)
        os.close(ours_in)
        os.close(ours_out)
