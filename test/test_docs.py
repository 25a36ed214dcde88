"""The documents name tests that exist."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent


@pytest.mark.parametrize(('document', 'least'), [
    ('pairing.md', 40), ('live_tests.md', 20), ('bags.md', 40)])
def test_every_test_that_the_document_names_exists(document: str, least: int) -> None:
    text = (TESTS.parent / 'docs' / document).read_text()
    named = set(re.findall(r'`(test_\w+)(?:\[[\w-]+\])?`', text))
    defined = {name for path in TESTS.rglob('test_*.py')
               for name in re.findall(r'^def (test_\w+)', path.read_text(), re.MULTILINE)}
    assert len(named) >= least
    assert named <= defined
