"""The frozen teacher."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from dcmd_ros.network import backbone, lite0, timm_backbone
from dcmd_ros.network.backbone import Backbone, BackboneError, backbone_spec, weights_sha256


def test_folded_batch_norms_change_no_feature() -> None:
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name('efficientnet-lite0', image_size=96)
    spec = backbone_spec('efficientnet-lite0')
    net.load_state_dict(torch.load(lite0.weights(), weights_only=True))
    net.eval()
    image = torch.rand(2, 3, 96, 96) * 2 - 1
    with torch.inference_mode():
        x = net._swish(net._bn0(net._conv_stem(image)))
        wanted = []
        for place, block in enumerate(net._blocks[:11]):
            x = block(x)
            if place in (2, 4, 10):
                wanted.append(x)
        found = Backbone(size=96)(image)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
    assert [f.shape[1] for f in found] == list(spec.channels)
    assert [f.shape[2] for f in found] == [24, 12, 6]


def test_the_teacher_is_frozen() -> None:
    assert not any(p.requires_grad for p in Backbone(size=64).parameters())


def test_the_weights_are_known_by_their_hash() -> None:
    assert weights_sha256('efficientnet-lite0').startswith('579344248a93')


@pytest.mark.parametrize('size', [0, 100, -32])
def test_a_size_that_does_not_divide_is_refused(size: int) -> None:
    with pytest.raises(BackboneError, match='multiple of 32'):
        Backbone(size=size)


def test_an_unknown_backbone_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BackboneError, match='efficientnet-lite0'):
        Backbone('resnet-9000')


@pytest.fixture
def timm() -> Any:
    try:
        import timm
    except Exception as error:  # torchvision beside a CPU build of torch fails in its own ways
        pytest.skip(f'timm does not import here: {type(error).__name__}: {error}')
    return timm


@pytest.mark.parametrize(('name', 'channels'), [
    ('wide_resnet50_2', (256, 512, 1024)), ('resnet18', (64, 128, 256)),
    ('convnext_atto', (40, 80, 160))])
def test_backbones_come_by_name_from_timm(
        timm: Any, name: str, channels: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backbone.BACKBONES, name, timm_backbone.spec(name, pretrained=False))
    teacher = Backbone(name, 64)
    assert teacher.channels == channels
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        found = teacher(image)
        assert [tuple(f.shape[1:]) for f in found] == [
            (c, 64 // stride, 64 // stride) for c, stride in zip(channels, (4, 8, 16),
                                                                 strict=True)]
        model = teacher.network.model
        mean, std = (torch.tensor(model.pretrained_cfg[k]).view(1, 3, 1, 1)
                     for k in ('mean', 'std'))
        for ours, theirs in zip(found, model(((image * 128 + 127) / 255 - mean) / std),
                                strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_a_network_of_timm_without_the_strides_is_refused(timm: Any) -> None:
    with pytest.raises(BackboneError, match='strides 4, 8 and 16'):
        timm_backbone.spec('vit_tiny_patch16_224', pretrained=False)
