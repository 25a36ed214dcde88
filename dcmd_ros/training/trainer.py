"""Teaches the students; picks up where a killed run stopped."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from dcmd_ros.network.checkpoint import write_atomically
from dcmd_ros.network.dcmd import BRANCHES, Dcmd
from dcmd_ros.network.student import Student, residual
from dcmd_ros.training.features import Features
from dcmd_ros.training.options import TrainingOptions

_CHECK_EVERY = 50
_SAVE_EVERY = 30.0  # seconds


@dataclass(frozen=True)
class Job:
    """
    One student to teach.

    name    unique, also its seed
    branch  of the network
    frames  indices of the frames it learns from
    steps   of Adam
    """

    name: str
    branch: str
    frames: tuple[int, ...]
    steps: int


class Progress:
    """What is done of a run, kept in a file so that a killed run goes on."""

    def __init__(self, path: Path, run: str) -> None:
        """
        :param path: of the state file.
        :param run: fingerprint of data and options; a state of another run is ignored.
        """
        self.path, self.run = path, run
        self.done: dict[str, dict[str, Tensor]] = {}
        self.current: dict[str, Any] = {}
        self.history: dict[str, list[tuple[int, float]]] = {}
        self._saved = time.monotonic()
        if path.is_file():
            self._resume()

    def _resume(self) -> None:
        try:
            state = torch.load(self.path, weights_only=True)
        except Exception:  # a damaged state file only means starting over
            return
        if isinstance(state, dict) and state.get('run') == self.run:
            self.done, self.current = state['done'], state['current']
            self.history = state['history']

    def save(self) -> None:
        write_atomically({'run': self.run, 'done': self.done, 'current': self.current,
                          'history': self.history}, self.path)
        self._saved = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last save is long enough ago."""
        return time.monotonic() - self._saved > _SAVE_EVERY

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


class Trainer:
    """Runs jobs over cached features; the same seed gives the same students."""

    def __init__(self, network: Dcmd, features: Features, validation: Features,
                 options: TrainingOptions, progress: Progress) -> None:
        self.network, self.options, self.progress = network, options, progress
        self.features, self.validation = features, validation

    def run(self, jobs: list[Job]) -> dict[str, Student]:
        """The taught students by job, in evaluation mode."""
        students = {}
        done = sum(job.steps for job in jobs if job.name in self.progress.done)
        with tqdm(total=sum(job.steps for job in jobs), initial=done, unit='step') as bar:
            for job in jobs:
                student = self._student(job)
                if job.name not in self.progress.done:
                    self._teach(job, student, bar)
                student.load_state_dict(self.progress.done[job.name])
                students[job.name] = student.eval()
        return students

    def _student(self, job: Job) -> Student:
        seed = hashlib.sha256(f'{self.options.seed} {job.name}'.encode()).digest()
        torch.manual_seed(int.from_bytes(seed[:7], 'big'))
        student = Student(self.network.config_of(job.branch)).to(self.options.device)
        return student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _teach(self, job: Job, student: Student, bar: tqdm) -> None:
        optimiser = torch.optim.Adam(student.parameters(), lr=self.options.rate)
        first, best, kept = self._begin(job, student, optimiser)
        bar.update(first)
        for step in range(first, job.steps):
            rate = self._rate(step, job.steps)
            for group in optimiser.param_groups:
                group['lr'] = rate
            loss = self._step(job, student, optimiser, step)
            bar.set_postfix_str(f'{job.name} loss {loss:.3f} rate {rate:.1e}', refresh=False)
            bar.update()
            if (step + 1) % _CHECK_EVERY == 0 or step + 1 == job.steps:
                best, kept = self._better(job, student, step + 1, best, kept)
            if self.progress.due:
                self.progress.current = {
                    'job': job.name, 'step': step + 1, 'best': best, 'kept': kept,
                    'student': student.state_dict(), 'optimiser': optimiser.state_dict()}
                self.progress.save()
        self.progress.done[job.name] = kept
        self.progress.current = {}
        self.progress.save()

    def _begin(self, job: Job, student: Student, optimiser: torch.optim.Optimizer,
               ) -> tuple[int, float, dict[str, Tensor]]:
        state = self.progress.current
        if state.get('job') != job.name:
            return 0, math.inf, _copy(student)
        student.load_state_dict(state['student'])
        optimiser.load_state_dict(state['optimiser'])
        return state['step'], state['best'], state['kept']

    def _rate(self, step: int, steps: int) -> float:
        return self.options.rate * 0.5 * (1 + math.cos(math.pi * step / steps))

    def _step(self, job: Job, student: Student, optimiser: torch.optim.Optimizer,
              step: int) -> float:
        generator = torch.Generator().manual_seed(self.options.seed * 1_000_003 + step)
        frames = torch.tensor(job.frames)
        chosen = frames[torch.randint(len(frames), (self.options.batch,), generator=generator)]
        loss = self._loss(job.branch, student.train(), self.features, chosen)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.detach())

    def _loss(self, branch: str, student: Student, features: Features, chosen: Tensor) -> Tensor:
        """Weighted mean over strides of 1 - cos, and of how far off the expected one is."""
        source, target = (
            self.network.standards[m](features.chosen(chosen, m))
            for m in (BRANCHES[branch].source, BRANCHES[branch].target))
        total = torch.zeros((), device=features.part.device)
        for p, e, t, w in zip(*student(source), target, features.weights(chosen), strict=True):
            r = residual(p, t)
            total = total + ((r + (e - r.detach()) ** 2) * w).sum() / w.sum()
        return total

    @torch.inference_mode()
    def _better(self, job: Job, student: Student, step: int, best: float,
                kept: dict[str, Tensor]) -> tuple[float, dict[str, Tensor]]:
        chunks = torch.arange(len(self.validation)).split(self.options.batch)
        losses = [float(self._loss(job.branch, student.eval(), self.validation, chunk))
                  for chunk in chunks]
        loss = sum(losses) / len(losses)
        self.progress.history.setdefault(job.name, []).append((step, loss))
        return (loss, _copy(student)) if loss < best else (best, kept)


def _copy(student: Student) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in student.state_dict().items()}
