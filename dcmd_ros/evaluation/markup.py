"""HTML that is escaped by construction."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable


class Markup(str):
    """Text that is HTML already; every other text is escaped when it enters a tag."""


VOID = {'img', 'meta', 'line', 'rect', 'circle', 'path', 'polyline'}


def render(child: object) -> str:
    """A child as HTML: markup as it is, anything else as escaped text."""
    return child if isinstance(child, Markup) else html.escape(str(child))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """
    One element. Attribute `class_` is written `class`, other underscores become hyphens;
    attributes that are None are left out.
    """
    written = ''.join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                      for key, value in attributes.items() if value is not None)
    if name in VOID and not children:
        return Markup(f'<{name}{written}/>')
    return Markup(f'<{name}{written}>{"".join(map(render, children))}</{name}>')


def join(parts: Iterable[object]) -> Markup:
    """The parts one after another."""
    return Markup(''.join(map(render, parts)))


def row(*cells: object, **attributes: object) -> Markup:
    """A table row; what is no `td` or `th` element yet becomes a `td`."""
    ready = (cell if isinstance(cell, Markup) and cell.startswith(('<td', '<th'))
             else tag('td', cell) for cell in cells)
    return tag('tr', *ready, **attributes)


def table(head: Iterable[object], rows: Iterable[Markup]) -> Markup:
    """A table of column titles and `row`s that scrolls where the page is narrow."""
    titles = row(*(title if isinstance(title, Markup) else tag('th', title, scope='col')
                   for title in head))
    return tag('div', tag('table', tag('thead', titles), tag('tbody', *rows)), class_='scroll')


def data_uri(data: bytes, kind: str = 'jpeg') -> str:
    """An image's bytes as an address that needs no other file."""
    return f'data:image/{kind};base64,{base64.b64encode(data).decode()}'
