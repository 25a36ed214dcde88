"""What the subscriptions do with a message, without a graph."""

import pytest
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

from dcmd_ros.framing.tally import Tally
from dcmd_ros.nodes.inputs import Gap, Input, digest, source_topic, suffix
from dcmd_ros.nodes.parameters import TABLE, Settings


def settings(**changes: object) -> Settings:
    return Settings(**{**{s.attribute: s.default for s in TABLE}, **changes})


def numbered(number: int | None) -> dict[str, int | None]:
    return {'publication_sequence_number': number}


def test_an_arrival_carries_the_message_and_its_digest_only_where_asked() -> None:
    source, got = Input('rgb', Tally()), []
    source.registerCallback(lambda arrival, extra: got.append((arrival, extra)), 'extra')
    message = Image(data=[1, 2, 3])
    source.receive(message, numbered(1))
    source.freeze_count = 3
    source.receive(message, numbered(2))
    assert [extra for _, extra in got] == ['extra', 'extra']
    assert got[0][0].message is message
    assert got[0][0].digest is None
    assert got[1][0].digest == digest(message) != digest(Image(data=[1, 2, 4]))


def test_missing_sequence_numbers_are_lost_messages() -> None:
    tally = Tally()
    source = Input('rgb', tally)
    for number in (7, 8, 12):
        source.receive(Image(), numbered(number))
    assert tally.counts('rgb') == {'received': 3, 'lost': 3}


@pytest.mark.parametrize('numbers', [
    (5, 1, 2), (None, None), (1, 2), (500, 1, 501, 2, 502)])
def test_a_restarted_second_or_numberless_publisher_loses_nothing(numbers) -> None:
    gap = Gap()
    assert [gap.missed(number) for number in numbers] == [0] * len(numbers)


def test_what_goes_wrong_behind_a_message_is_counted_and_does_not_get_out() -> None:
    tally = Tally()
    source = Input('depth', tally)
    source.registerCallback(lambda arrival: 1 / 0)
    source.receive(Image(), numbered(1))
    assert tally.counts('depth')['callback'] == 1
    assert 'ZeroDivisionError' in tally.standing('depth')


def test_a_silent_input_has_no_rate() -> None:
    source = Input('rgb', Tally())
    assert source.rate() == 0
    source.receive(Image(), numbered(1))
    assert source.rate() == 0
    source.receive(Image(), numbered(2))
    assert source.rate() > 0


@pytest.mark.parametrize(('modality', 'changes', 'kind', 'topic'), [
    ('rgb', {}, Image, 'rgb/image'),
    ('rgb', {'rgb_transport': 'compressed'}, CompressedImage, 'rgb/image/compressed'),
    ('depth', {}, Image, 'depth/image'),
    ('depth', {'depth_transport': 'compressedDepth'}, CompressedImage,
     'depth/image/compressedDepth'),
    ('depth', {'geometry_source': 'points', 'depth_transport': 'compressed'}, PointCloud2,
     'points')])
def test_transport_and_source_choose_type_and_topic(modality, changes, kind, topic) -> None:
    chosen = settings(**changes)
    found, base = source_topic(modality, chosen)
    assert (found, base + suffix(modality, chosen)) == (kind, topic)
