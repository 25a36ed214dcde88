"""What every report's page is made of: its head, notes, tiles, cards and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dcmd_ros.evaluation.markup import Markup, data_uri, join, tag
from dcmd_ros.evaluation.style import STYLE

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
SHOWN, MOST_SHOWN = 2, 6


def whole(title: str, *body: object) -> str:
    """The page, which needs nothing from elsewhere."""
    head = tag('head', tag('meta', charset='utf-8'),
               tag('meta', name='viewport', content='width=device-width, initial-scale=1'),
               tag('meta', http_equiv='Content-Security-Policy', content=POLICY),
               tag('title', title), tag('style', Markup(STYLE)))
    whole_body = tag('body', tag('main', *body))
    return '<!DOCTYPE html>\n' + tag('html', head, whole_body, lang='en') + '\n'


def heading(title: str, facts: Mapping[str, str]) -> Markup:
    """The title, and under it what was evaluated."""
    known = (tag('span', f'{key}: {value}') for key, value in facts.items())
    return join([tag('h1', title), tag('nav', *known, class_='soft')])


def notes(texts: Sequence[str]) -> Markup:
    """What a reader must know, in a box; nothing where there is nothing."""
    if not texts:
        return Markup('')
    return tag('div', tag('ul', *(tag('li', text) for text in texts)), class_='notes')


def tiles(entries: Iterable[tuple[str, object]]) -> Markup:
    """The figures that one looks for first, each over what it is."""
    return tag('div', *(tag('div', tag('b', value), tag('span', text), class_='tile')
                        for value, text in entries), class_='tiles')


def card(title: str, *parts: Markup) -> Markup:
    """A titled box."""
    return tag('div', tag('h4', title), *parts, class_='card')


def figure(picture: bytes | None, title: str, text: str = '') -> Markup:
    """A JPEG over its caption."""
    image = (tag('img', src=data_uri(picture), alt=title, loading='lazy') if picture
             else tag('p', '(no picture)', class_='soft'))
    return tag('figure', image, tag('figcaption', ': '.join(filter(None, (title, text)))))


def shown(wrong: int) -> int:
    """How many pictures: the wrong ones, at least SHOWN, at most MOST_SHOWN."""
    return min(max(wrong, SHOWN), MOST_SHOWN)
