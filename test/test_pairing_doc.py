"""docs/pairing.md names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
DOCUMENT = TESTS.parent / 'docs' / 'pairing.md'


def test_every_test_that_the_document_names_exists() -> None:
    named = set(re.findall(r'`(test_\w+)`', DOCUMENT.read_text()))
    defined = {name for path in TESTS.glob('test_*.py')
               for name in re.findall(r'^def (test_\w+)', path.read_text(), re.MULTILINE)}
    assert len(named) > 40
    assert named <= defined
