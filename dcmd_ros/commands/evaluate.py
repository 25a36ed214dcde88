"""`dcmd_ros evaluate`: metrics, report and panels on a data set."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from dcmd_ros import __version__
from dcmd_ros.bags.many import run_many, stem
from dcmd_ros.commands.bag_options import add_batch_arguments
from dcmd_ros.commands.dataset_bags import add_dataset_bag_arguments, bag_options
from dcmd_ros.evaluation import output
from dcmd_ros.evaluation.conditions import CONDITIONS, MODES
from dcmd_ros.evaluation.evaluate import EvaluationError, combined, evaluate
from dcmd_ros.evaluation.gallery import Faults, Gallery
from dcmd_ros.evaluation.report import report
from dcmd_ros.evaluation.scores import csv_text
from dcmd_ros.training import layout_bag
from dcmd_ros.training.datasets import LAYOUTS, SPLITS, Dataset, open_dataset


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument('data', type=Path, metavar='DATA',
                        help='folder that holds the categories, or bag')
    parser.add_argument('category', nargs='+', metavar='CATEGORY',
                        help='folders in DATA; several give the mean too')
    parser.add_argument('--model', required=True,
                        help='checkpoint; for several categories a folder with '
                             'dcmd_CATEGORY_best.pth, or a path with {category} in it')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='for metrics.json, index.html, scores.csv and the panels')
    parser.add_argument('--matrix', action='store_true',
                        help=f'the whole degradation matrix ({len(CONDITIONS)} conditions), '
                             'not only both, RGB alone and depth alone')
    parser.add_argument('--split', choices=SPLITS, default='test', help='default: test')
    parser.add_argument('--layout', choices=LAYOUTS, default='auto', help='default: auto')
    parser.add_argument('--device', default='auto', help='auto (default), cpu or cuda:N')
    parser.add_argument('--engine', default='torch', help='torch (default), auto, openvino, '
                        'onnxruntime or tensorrt')
    parser.add_argument('--seed', type=int, default=0, help="of the faults' random part")
    parser.add_argument('--against', type=Path, metavar='OTHER.json',
                        help='another metrics.json; the report shows the differences')
    add_dataset_bag_arguments(parser)
    add_batch_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate each category with its model, write everything, return metrics.json's figures."""
    against = output.read_metrics(args.against) if args.against else None
    categories = list(dict.fromkeys(args.category))
    models = {name: model_of(args.model, name) for name in categories}
    bags = bags_of(args, categories)
    output.folder(args.out, '--out')
    batch = run_many(partial(one_bag, args, models[categories[0]]), bags, args.jobs, args.ray) \
        if bags else None
    done = list(batch.results.values()) if batch else [
        one_category(open_dataset(args.data, name, args.layout, bag=bag_options(args)), name,
                     models[name], args) for name in categories]
    failed = [f'{bag.name} is left out: {why}' for bag, why in batch.failures.items()] \
        if batch else []
    figures = written(args, done, against, failed) if done else {}
    if batch:
        batch.settle(figures)
    return figures


def bags_of(args: argparse.Namespace, categories: list[str]) -> list[Path]:
    """The bags of a folder of several, each of which is evaluated for itself."""
    found = layout_bag.bags(args.data) if args.layout in ('auto', 'bag') else []
    if len(found) < 2:
        return []
    if len(categories) > 1:
        raise EvaluationError(f'{args.data}: its bags are of one part, and there are '
                              f'{len(categories)} categories; evaluate them one by one')
    return found


def one_bag(args: argparse.Namespace, model: Path, bag: Path) -> Part:
    """One bag of several, under its own name."""
    dataset = open_dataset(bag, stem(bag), 'bag', bag=bag_options(args))
    return one_category(dataset, args.category[0], model, args)


def written(args: argparse.Namespace, parts: Sequence[Part], against: dict[str, Any] | None,
            failed: Sequence[str]) -> dict[str, Any]:
    """Table, page and metrics.json; the contract's figures."""
    result = combined([part.result for part in parts])
    result['notes'] = [*failed, *result['notes']]
    for note in result['notes']:
        print(f'note: {note}', file=sys.stderr)
    facts = {'data': f'{args.data.name}, split {args.split}', 'model': args.model,
             'date': f'{datetime.now():%Y-%m-%d %H:%M}', 'dcmd_ros': __version__,
             **({'compared with': str(args.against)} if against else {})}
    faults = {name: pictures for part in parts for name, pictures in part.faults.items()}
    page = report(result, facts, Gallery(args.out, faults).pictures(), against)
    figures: dict[str, Any] = output.plain({
        **{key: value for key, value in result.items() if key != 'scores'}, 'facts': facts})
    output.write(args.out / 'scores.csv', csv_text(result['scores']))
    output.write(args.out / 'index.html', page)
    output.write(args.out / 'metrics.json', json.dumps(figures, indent=1) + '\n')
    print_summary(result['mean'], args.out)
    return {key: figures[key] for key in ('categories', 'mean')}


def model_of(model: str, category: str) -> Path:
    """
    The category's checkpoint.

    :raises EvaluationError: it is not there
    """
    path = Path(model.replace('{category}', category))
    if path.is_dir():
        path = path / f'dcmd_{category}_best.pth'
    if not path.is_file():
        raise EvaluationError(f'{path}: no such model; train it with `dcmd_ros train`, or name '
                              'another with --model')
    return path


@dataclass(frozen=True)
class Part:
    """One category's result, and its pictures of the faults."""

    result: dict[str, Any]
    faults: Faults


def one_category(data: Dataset, trained: str, model: Path, args: argparse.Namespace) -> Part:
    """
    Evaluate one data set; the inspector's warnings become notes.

    :param trained: the category that the model should be of
    """
    from dcmd_ros.inspector import Inspector

    inspector = Inspector(model, device=args.device, engine=args.engine)
    if data.bag is not None and args.split == 'test':
        data.bag.check_labels()
    gallery = Gallery(args.out)
    result = evaluate(inspector, data, CONDITIONS if args.matrix else MODES, split=args.split,
                      seed=args.seed, observe=gallery)
    warnings = [*inspector.warnings, *(data.bag.troubles() if data.bag is not None else ())]
    notes = [f'{data.category}: {warning}' for warning in warnings]
    if inspector.category != trained:
        notes.append(f'{data.category}: the model {model.name} was trained on '
                     f'{inspector.category}')
    return Part({**result, 'notes': [*notes, *result['notes']]}, gallery.faults)


def print_summary(mean: Mapping[str, Mapping[str, float]], folder: Path) -> None:
    """The figures that one looks for first, and where the rest is."""
    for name, figures in mean.items():
        print(f'{name:17} I-AUROC {100 * figures["i_auroc"]:5.1f}   AUPRO@30 '
              f'{100 * figures["aupro30"]:5.1f}   false alarms {100 * figures["far"]:5.1f} %')
    print(f'report: {folder / "index.html"}')
