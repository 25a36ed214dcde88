"""What a command tells people: stderr, so that stdout stays for figures."""

import sys


def say(text: str) -> None:
    """A line, at once."""
    print(text, file=sys.stderr, flush=True)
