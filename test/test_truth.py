"""Labels by stamp: files, topics, and what is refused."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from dcmd_ros.stream import stamps
from dcmd_ros.training.label_rows import TruthError
from dcmd_ros.training.truth import TOLERANCE, Truth, read_labels

S = 1_000_000_000
T = 1_700_000_000 * S


def labels(tmp_path: Path, text: str, name: str = 'labels.csv') -> Truth:
    path = tmp_path / name
    path.write_text(text)
    return read_labels(path)


def test_a_stamp_is_read_to_the_nanosecond_and_back() -> None:
    assert stamps.parsed('1700000000.000000001') == T + 1
    assert stamps.parsed('1700000000.5') == T + S // 2
    assert stamps.seconds(stamps.parsed('12.034000000')) == '12.034000000'
    for text in ('', '1.7e9', '-1', '1700000000000000000', '1.0000000000', 'nan'):
        with pytest.raises(ValueError, match='is no stamp: write seconds'):
            stamps.parsed(text)


def test_the_exact_stamp_goes_before_the_nearest_within_half_a_millisecond(tmp_path: Path) -> None:
    truth = labels(tmp_path, 'stamp,label\n1.000000,good\n1.000300,dent\n')
    assert truth.label_at(S) == 'good'
    assert truth.label_at(S + 300_000) == 'dent'
    assert truth.label_at(S + 140_000) == 'good'
    assert truth.label_at(S + 160_000) == 'dent'
    assert truth.label_at(S - TOLERANCE) == 'good'
    assert truth.label_at(S - TOLERANCE - 1) is None
    assert truth.label_at(S + 300_000 + TOLERANCE + 1) is None


def test_ranges_hold_both_ends_and_may_overlap_where_they_agree(tmp_path: Path) -> None:
    truth = labels(tmp_path, 'from,to,stamp,verdict\n20,30,,good\n1,9,,dent\n2,3,,dent\n'
                             ',,5,dent\n')
    assert [truth.label_at(at * S) for at in (0, 1, 8, 9, 10, 20, 30, 31)] == [
        None, 'dent', 'dent', 'dent', None, 'good', 'good', None]


@pytest.mark.parametrize('text', [
    'from,to,label\n1,5,good\n5,9,dent\n', 'from,to,label\n5,9,dent\n1,20,good\n',
    'stamp,from,to,label\n,1,5,good\n3,,,dent\n', 'first,last,label\n0,5,good\n2,2,dent\n'])
def test_ranges_that_disagree_are_refused_with_both_lines(tmp_path: Path, text: str) -> None:
    with pytest.raises(TruthError, match=r'labels.csv:3 says \w+, .*labels.csv:2 says \w+.*one '):
        labels(tmp_path, text)


def test_frame_numbers_are_known_by_number_and_after_the_run_by_stamp(tmp_path: Path) -> None:
    truth = labels(tmp_path, 'index,first,last,label\n,0,1,good\n3,,,dent\n,4,9,good\n')
    assert truth.label_at(T) is None
    assert [truth.label_at(0, index) for index in range(5)] == [
        'good', 'good', None, 'dent', 'good']
    truth.resolve([T + 4 * S, T, T + S, T + S, T + 2 * S, T + 3 * S])
    assert [truth.label_at(T + n * S) for n in range(6)] == [
        'good', 'good', None, 'dent', 'good', None]
    assert len(truth.notes) == 1 and 'labels.csv:4: its frames go on after' in truth.notes[0]


def test_json_says_the_same_and_numbers_keep_every_digit(tmp_path: Path) -> None:
    rows = '[{"stamp": 1700000000.123456789, "label": "dent"}, {"from": 5, "to": 6, ' \
           '"verdict": "Anomalous", "label": null}]'
    for text in (rows, f'{{"labels": {rows}}}'):
        truth = labels(tmp_path, text, 'labels.json')
        assert truth.label_at(T + 123_456_789) == 'dent'
        assert truth.label_at(6 * S) == 'anomalous'


def test_a_table_from_a_spreadsheet_is_read(tmp_path: Path) -> None:
    truth = labels(tmp_path, '\ufeffStamp; Label\r\n1.5; deep scratch\r\n')
    assert truth.label_at(3 * S // 2) == 'deep scratch'


@pytest.mark.parametrize(('text', 'found'), [
    ('', 'labels.csv: no rows; write `stamp`'),
    ('stamp,lable\n1,good\n', 'labels.csv:2: no label; write'),
    ('stamp,label\n1,good\n\n1.2.3,good\n', "labels.csv:4: stamp: '1.2.3' is no stamp: write sec"),
    ('from,label\n1,good\n', 'labels.csv:2: has from, label; write'),
    ('stamp,index,label\n1,1,good\n', 'labels.csv:2: has stamp, index, label; write'),
    ('index,label\n-1,good\n', "labels.csv:2: index '-1' is no frame number; write 0"),
    ('from,to,label\n9,8,good\n', 'labels.csv:2: from 9 comes after to 8; exchange'),
    ('stamp,index,label\n1,,good\n,1,good\n', 'labels.csv:3: by index, but .*:2 is by stamp'),
    ('stamp,label,verdict\n1,dent,good\n', 'labels.csv:2: label dent and verdict good disagree'),
    ('stamp,label\n1,good,x\n', 'labels.csv:2: more cells than'),
    ('stamp,label,mask\n1,dent,m.png\n', 'labels.csv:2: mask .*m.png: no such file')])
def test_what_cannot_be_meant_is_named_with_file_and_line(
        tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(TruthError, match=found):
        labels(tmp_path, text)


@pytest.mark.parametrize(('text', 'found'), [
    ('[', 'labels.json: no JSON'), ('{"a": 1}', 'labels.json: must be a list of objects'),
    ('[{"stamp": 1, "label": "good"}, 3]', 'labels.json, row 2: must be an object')])
def test_foreign_json_is_named(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(TruthError, match=found):
        labels(tmp_path, text, 'labels.json')


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match='away.csv: cannot be read as a labels file'):
        read_labels(tmp_path / 'away.csv')
    (tmp_path / 'b.csv').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(TruthError, match='b.csv: cannot be read as a labels file'):
        read_labels(tmp_path / 'b.csv')


def test_a_mask_file_holds_for_every_frame_of_its_row(tmp_path: Path) -> None:
    image = np.zeros((4, 6), np.uint8)
    image[1, 2] = 255
    cv2.imwrite(str(tmp_path / 'm.png'), image)
    truth = labels(tmp_path, 'from,to,label,mask\n1,5,dent,m.png\n6,7,dent,\n')
    np.testing.assert_array_equal(truth.mask_at(3 * S), image > 0)
    assert truth.mask_at(6 * S) is None
    numbered = labels(tmp_path, 'index,label,mask\n1,dent,m.png\n')
    np.testing.assert_array_equal(numbered.mask_at(0, 1), image > 0)
    numbered.resolve([T, T + 1])
    assert numbered.mask_at(T + 1) is not None


def test_no_part_and_unknown_count_as_no_label(tmp_path: Path) -> None:
    truth = labels(tmp_path, 'from,to,label\n1,2,no_part\n3,4,Unknown\n')
    assert truth.label_at(S) is None and truth.label_at(3 * S) is None


def message(stamp: str, label: str) -> str:
    return json.dumps({'stamp': stamp, 'file': 'a/b', 'label': label})


def test_topics_give_labels_and_masks_by_stamp() -> None:
    mask = np.zeros((3, 5), np.uint8)
    mask[2, 4] = 255
    truth = Truth.from_topics([message('2.000000000', 'good'), message('1.5', 'dent')],
                              [(3 * S, mask), (4 * S, 0 * mask)])
    assert truth.label_at(3 * S // 2) == 'dent' and truth.label_at(2 * S) == 'good'
    assert truth.label_at(3 * S) == 'anomalous' and truth.label_at(4 * S) == 'good'
    found = truth.mask_at(3 * S)
    assert found is not None and found.dtype == bool
    np.testing.assert_array_equal(found, mask > 0)
    assert truth.notes == []


def test_a_loop_repeats_its_labels_and_contradictions_and_rubbish_are_counted() -> None:
    truth = Truth.from_topics([message('1.0', 'good'), message('1.0', 'good'),
                               message('1.0', 'dent'), 'no json', '{}', '[1]'])
    assert truth.label_at(S) == 'good'
    assert sorted(note[0] for note in truth.notes) == ['1', '3']


def test_the_file_goes_before_the_topics(tmp_path: Path) -> None:
    truth = labels(tmp_path, 'stamp,label\n1,dent\n')
    truth.add_label(message('1.0', 'good'))
    truth.add_label(message('2.0', 'good'))
    assert truth.label_at(S) == 'dent' and truth.label_at(2 * S) == 'good'
