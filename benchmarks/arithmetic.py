"""
Multiply-accumulates of the detector for one frame with both sensors, in G (1e9).

Counted by hooks while it runs, untrained: of a convolution its outputs times the inputs that each
is a sum of, of a memory its places times the cells that ask for the nearest, of attention its two
products. The part is a square that fills a quarter of the view. The silhouette, which finds the
part by colour, is told apart, and so is the compensator, an option that works only where something
is missing.

The last line is JSON: {"teachers", "students", "memories", "total", "silhouette", "compensator",
"large"}; `large` is the total with `train --large`. The total may be 1.5 at most.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dcmd_ros.frame import MODALITIES
from dcmd_ros.network.backbone import Backbone
from dcmd_ros.network.compensator import Attention, Compensator
from dcmd_ros.network.dcmd import BRANCHES, MEMORIES, Dcmd, DcmdConfig
from dcmd_ros.network.memory import Memory
from dcmd_ros.network.silhouette import Silhouette

LIMIT = 1.5


class Count:
    """Counts what a module does while the block runs."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.total = module, 0

    def __enter__(self) -> Count:
        self._hooks = [part.register_forward_hook(self._seen) for part in self.module.modules()]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _seen(self, part: nn.Module, given: tuple[Any, ...], found: Any) -> None:
        if isinstance(part, nn.Conv2d):
            used = (part.weight != 0).any(1).any(0).sum()  # zeros in front only pad
            self.total += found[:, 0].numel() * part.weight[..., 0, 0].numel() * int(used)
        elif isinstance(part, Attention):
            asking, told = (image[:, 0].numel() for image in given[:2])
            self.total += 2 * part.width * asking * told
        elif isinstance(part, Memory):
            cells = functional.max_pool2d(given[1][:, None].float(), 8).sum()
            self.total += int(cells) * part.bank.numel()


def middle(size: int) -> Tensor:
    """(1, S, S) bool, a square of a quarter of the area."""
    part = torch.zeros(1, size, size, dtype=torch.bool)
    part[:, size // 4:size * 3 // 4, size // 4:size * 3 // 4] = True
    return part


@torch.inference_mode()
def counts(config: DcmdConfig) -> dict[str, float]:
    """G of each piece, by name."""
    teacher, network = Backbone(config.backbone, config.size), Dcmd(config).eval()
    part, image = middle(config.size), torch.zeros(1, 3, config.size, config.size)
    found: dict[str, float] = {}
    with Count(teacher) as count:
        features = network.features(teacher, dict.fromkeys(MODALITIES, image))
        found['teachers'] = count.total / 1e9
    for group, names in (('students', BRANCHES), ('memories', MEMORIES)):
        found[group] = 0.0
        for name in names:
            with Count(network) as count:
                network.map(name, features, part)
            print(f'{name:>14} {count.total / 1e9:.3f} G')
            found[group] += count.total / 1e9
    found['total'] = sum(found.values())
    compensator = Compensator(teacher.channels).eval()
    kept = torch.zeros(1, 1, config.size // 8, config.size // 8)
    with Count(compensator) as count:
        compensator(features, dict.fromkeys(MODALITIES, kept))
        found['compensator'] = count.total / 1e9
    silhouette = Silhouette(teacher.channels).eval()
    small = torch.zeros(1, 3, config.size // 2, config.size // 2)
    with Count(teacher) as first, Count(silhouette) as second:
        silhouette.outline(teacher, small, config.size)
    return {**found, 'silhouette': (first.total + second.total) / 1e9}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='the same; it takes seconds')
    parser.add_argument('--size', type=int, default=256, help="side of the network's input (256)")
    size = parser.parse_args().size
    figures = counts(DcmdConfig(size=size))
    print('large')
    figures['large'] = counts(DcmdConfig(size=size, large=True))['total']
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))
    if size == 256 and figures['total'] > LIMIT:
        print(f'total {figures["total"]:.2f} G, over {LIMIT}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
