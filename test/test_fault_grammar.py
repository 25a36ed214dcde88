"""The fault language: what it reads, and what it says of what it cannot read."""

import math

import pytest

from dcmd_ros.sensing.fault_grammar import (
    Fault,
    FaultError,
    describe_faults,
    format_faults,
    parse_faults,
)
from dcmd_ros.sensing.fault_kinds import FAULT_KINDS

CONTRACT_KINDS = [
    'drop', 'loss', 'freeze', 'delay', 'offset', 'blind', 'over', 'under', 'blur', 'noise', 'bias',
    'holes', 'misregister', 'malformed', 'encoding', 'size', 'stamp_jump']


def test_the_contracts_example_reads_as_it_says() -> None:
    assert parse_faults('drop depth 10s-20s, holes depth 0.3 25s-30s, blind rgb 40s-') == (
        Fault('drop', 'depth', 1.0, 10.0, 20.0), Fault('holes', 'depth', 0.3, 25.0, 30.0),
        Fault('blind', 'rgb', 1.0, 40.0, math.inf))


def test_the_kinds_are_the_contracts() -> None:
    assert sorted(FAULT_KINDS) == sorted(CONTRACT_KINDS)


@pytest.mark.parametrize('kind', CONTRACT_KINDS)
def test_every_kind_reads_with_its_default_and_round_trips(kind: str) -> None:
    for sensor, amount in FAULT_KINDS[kind].amounts.items():
        faults = parse_faults(f'{kind} {sensor} 1s-2s')
        assert faults[0].amount == (amount.default if amount else 1.0)
        assert parse_faults(format_faults(faults)) == faults


@pytest.mark.parametrize(('text', 'amount'), [
    ('loss rgb 30%', 0.3), ('loss rgb 0.3', 0.3), ('delay depth 200ms', 0.2),
    ('delay depth .2', 0.2), ('offset rgb -50ms', -0.05), ('bias depth -5mm', -0.005),
    ('noise depth 0.002m', 0.002), ('noise rgb 0.2', 0.2), ('misregister depth 3px', 3.0),
    ('size depth 2x', 2.0), ('stamp_jump rgb -1e3s', -1000.0), ('blur rgb 2.5', 2.5)])
def test_amounts_are_read_in_their_units(text: str, amount: float) -> None:
    faults = parse_faults(text)
    assert [fault.amount for fault in faults] == [pytest.approx(amount)]
    assert parse_faults(format_faults(faults)) == faults


@pytest.mark.parametrize(('window', 'start', 'end'), [
    ('', 0, math.inf), ('10-20', 10, 20), ('10s-20', 10, 20), ('200ms-1.5s', 0.2, 1.5),
    ('1min-', 60, math.inf), ('0-0.5', 0, 0.5)])
def test_windows_are_read_in_seconds(window: str, start: float, end: float) -> None:
    fault, = parse_faults(f'loss rgb 0.5 {window}')
    assert (fault.start, fault.end, fault.amount) == (pytest.approx(start), end, 0.5)


def test_both_is_one_fault_for_each_sensor() -> None:
    assert parse_faults('loss both 0.2') == (Fault('loss', 'rgb', 0.2),
                                             Fault('loss', 'depth', 0.2))
    assert [f.amount for f in parse_faults('noise both')] == [0.1, 0.001]


def test_a_fault_is_on_from_its_start_until_just_before_its_end() -> None:
    fault, = parse_faults('drop rgb 1-2')
    assert [fault.active(t) for t in (0.99, 1.0, 1.99, 2.0)] == [False, True, True, False]


def test_no_text_means_no_faults() -> None:
    assert parse_faults('') == parse_faults('  \n ') == ()


@pytest.mark.parametrize(('text', 'piece', 'position', 'hint'), [
    ('drop depth, dorp rgb', 'dorp', 13, 'kinds are drop, loss'),
    ('drop', 'drop', 1, 'rgb, depth or both'),
    ('drop lidar', 'lidar', 6, 'rgb or depth or both'),
    ('over depth', 'depth', 6, 'takes rgb'),
    ('bias both', 'both', 6, 'takes depth'),
    ('drop depth 10s', '10s', 12, '10s-20s'),
    ('loss rgb 3s', '3s', 10, "no unit 's'"),
    ('holes rgb 30', '30', 11, '0..1'),
    ('noise both 0.1', '0.1', 12, 'one fault for rgb and one for depth'),
    ('drop rgb 20s-10s', '20s-10s', 10, 'ends before it begins'),
    ('drop rgb 5s-5s', '5s-5s', 10, 'ends before it begins'),
    ('loss rgb x', 'x', 10, 'an amount'),
    ('loss rgb .1 .2', '.2', 13, 'FROM-TO'),
    ('loss rgb .1 1-2 now', 'now', 17, 'KIND SENSOR [AMOUNT] [FROM-TO]'),
    ('drop rgb,', '', 10, 'empty'),
    ('drop rgb 1-2parsec', '1-2parsec', 10, "no unit 'parsec'")])
def test_an_error_names_the_piece_its_place_and_the_cure(
        text: str, piece: str, position: int, hint: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_faults(text)
    message = str(caught.value)
    assert f"'{piece}' at character {position}:" in message
    assert hint in message
    assert '\n' not in message


def test_the_help_names_every_kind_with_its_amount() -> None:
    text = describe_faults()
    assert all(f'\n  {kind} ' in text for kind in CONTRACT_KINDS)
    assert 'rgb 0..1, default 0.1; depth 0..1 m, default 0.001' in text
