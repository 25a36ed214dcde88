"""Teaches the students; picks up where a killed run stopped."""

from __future__ import annotations

import copy
import hashlib
import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
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
    """
    What is done of a run, kept in a file so that a killed run goes on.

    done     finished students by job
    current  where the jobs in work are, by job
    history  (step, loss on validation parts) by job
    """

    def __init__(self, path: Path, run: str) -> None:
        """
        :param path: of the state file.
        :param run: fingerprint of data and options; a state of another run is ignored.
        """
        self.path, self.run = path, run
        self.done: dict[str, dict[str, Tensor]] = {}
        self.current: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[tuple[int, float]]] = {}
        self._lock = threading.Lock()
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

    def keep(self, job: str, state: dict[str, Any]) -> None:
        """Where a job is; the state must be a copy, for the job goes on."""
        with self._lock:
            self.current[job] = state
            self._save()

    def finish(self, job: str, student: dict[str, Tensor]) -> None:
        with self._lock:
            self.done[job] = student
            self.current.pop(job, None)
            self._save()

    def _save(self) -> None:
        write_atomically({'run': self.run, 'done': self.done, 'current': self.current,
                          'history': copy.deepcopy(self.history)}, self.path)

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


class InterruptedJobError(Exception):
    """Another job failed, or the user stops."""


class Trainer:
    """
    Runs jobs over cached features; the same seed gives the same students.

    On a CPU each core has a job of its own: the layers are small, and threads that share one
    wait for each other at every layer.
    """

    def __init__(self, network: Dcmd, features: Features, validation: Features,
                 options: TrainingOptions, progress: Progress) -> None:
        self.network, self.options, self.progress = network, options, progress
        self.features, self.validation = features, validation
        self._stopped = threading.Event()

    def run(self, jobs: list[Job]) -> dict[str, Student]:
        """The taught students by job, in evaluation mode."""
        students = {job.name: self._student(job) for job in jobs}
        left = [job for job in jobs if job.name not in self.progress.done]
        steps = sum(job.steps for job in jobs)
        with tqdm(total=steps, initial=steps - sum(j.steps for j in left), unit='step') as bar:
            self._side_by_side(left, students, bar)
        for name, student in students.items():
            student.load_state_dict(self.progress.done[name])
            student.eval()
        return students

    def _side_by_side(self, jobs: list[Job], students: dict[str, Student], bar: tqdm) -> None:
        lanes = len(os.sched_getaffinity(0)) if self.options.device == 'cpu' else 1
        workers = ThreadPoolExecutor(lanes, 'job', torch.set_num_threads,
                                     (1 if lanes > 1 else torch.get_num_threads(),))
        running = [workers.submit(self._teach, job, students[job.name], bar) for job in jobs]
        try:
            for job in running:
                job.result()
        finally:
            self._stopped.set()
            workers.shutdown(cancel_futures=True)

    def _student(self, job: Job) -> Student:
        seed = hashlib.sha256(f'{self.options.seed} {job.name}'.encode()).digest()
        torch.manual_seed(int.from_bytes(seed[:7], 'big'))
        student = Student(self.network.config_of(job.branch)).to(self.options.device)
        return student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def _teach(self, job: Job, student: Student, bar: tqdm) -> None:
        optimiser = torch.optim.Adam(student.parameters(), lr=self.options.rate)
        first, best, kept = self._begin(job, student, optimiser)
        bar.update(first)
        saved = time.monotonic()
        for step in range(first, job.steps):
            if self._stopped.is_set():
                raise InterruptedJobError
            rate = self._rate(step, job.steps)
            for group in optimiser.param_groups:
                group['lr'] = rate
            loss = self._step(job, student, optimiser, step)
            bar.set_postfix_str(f'{job.name} loss {loss:.3f} rate {rate:.1e}', refresh=False)
            bar.update()
            if (step + 1) % _CHECK_EVERY == 0 or step + 1 == job.steps:
                best, kept = self._better(job, student, step + 1, best, kept)
            if time.monotonic() - saved > _SAVE_EVERY:
                self.progress.keep(job.name, copy.deepcopy({
                    'step': step + 1, 'best': best, 'kept': kept,
                    'student': student.state_dict(), 'optimiser': optimiser.state_dict()}))
                saved = time.monotonic()
        self.progress.finish(job.name, kept)

    def _begin(self, job: Job, student: Student, optimiser: torch.optim.Optimizer,
               ) -> tuple[int, float, dict[str, Tensor]]:
        state = self.progress.current.get(job.name)
        if state is None:
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
        with half_precision(self.options.device):
            predicted, expected = student(source)
        total = torch.zeros((), device=features.part.device)
        for p, e, t, w in zip(predicted, expected, target, features.weights(chosen), strict=True):
            r = residual(p.float(), t)
            total = total + ((r + (e.float() - r.detach()) ** 2) * w).sum() / w.sum()
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


def half_precision(device: str) -> AbstractContextManager[Any]:
    """
    Automatic mixed precision for the students' convolutions where a GPU has bfloat16, nothing
    elsewhere. bfloat16 reaches as far as float32, so no gradient needs scaling.
    """
    if device.startswith('cuda') and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast('cuda', dtype=torch.bfloat16)
    return nullcontext()


def _copy(student: Student) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in student.state_dict().items()}
