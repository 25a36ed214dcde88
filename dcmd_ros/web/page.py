"""The page as one file that needs nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Page(NamedTuple):
    """The document, and the Content-Security-Policy that it keeps."""

    html: bytes
    policy: str


def page(inspector: str) -> Page:
    """Of the inspector of this name."""
    style, script = ((FOLDER / f'page.{kind}').read_text('utf-8') for kind in ('css', 'js'))
    text = (FOLDER / 'page.html').read_text('utf-8')
    for mark, value in (('NAME', html.escape(inspector)), ('STYLE', style), ('SCRIPT', script)):
        text = text.replace(f'{{{{{mark}}}}}', value)
    policy = (f"default-src 'none'; connect-src 'self'; img-src blob: data:; "
              f"style-src '{digest(style)}'; script-src '{digest(script)}'; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    return Page(text.encode(), policy)


def digest(text: str) -> str:
    """As a policy names what stands in the page itself."""
    return f'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'
