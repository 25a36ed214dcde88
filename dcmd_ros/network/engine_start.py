"""From the setting `engine` to what runs the network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from dcmd_ros.network.detector import Detector
from dcmd_ros.network.engine import ENGINES, EngineError, Runtime
from dcmd_ros.network.engine_build import RUNTIMES, build
from dcmd_ros.network.engine_choice import Chooser


class EngineStart:
    """
    Brings the engine that was asked for into a detector; until then torch runs it.

    state  what runs the network: torch, or runtime and precision; in brackets how it came to
           that, or what is being done about it
    """

    def __init__(self, engine: str, model: Path, detector: Detector, threads: int,
                 background: bool, warn: Callable[[str], None]) -> None:
        """
        :param background: return at once, and let torch serve until the engine is there
        :param warn: gets why it is not what was asked for
        :raises EngineError: it cannot be had here; says what to do.
        """
        self.state = 'torch'
        runtimes = runtimes_for(engine, detector.device)
        if not runtimes:
            self.state = 'torch' if engine == 'torch' else f'torch ({_why_torch(detector.device)})'
            return
        self._model, self._detector = model, detector
        self._threads, self._warn = threads, warn
        self._build = partial(build, background=background)
        thread = threading.Thread(target=self._run, args=(runtimes, engine != 'auto'),
                                  name='engine', daemon=True)
        thread.start()
        if not background:
            thread.join()

    def _run(self, runtimes: Mapping[str, Runtime], insist: bool) -> None:
        try:
            chooser = Chooser(self._model, self._detector, self._threads, self._tell,
                              self._build)
            choice = chooser.choose(runtimes, insist)
        except Exception as error:  # a runtime may stumble in any way; torch goes on
            trouble = ' '.join(str(error).split())
            self.state = f'torch ({trouble})'
            self._warn(f'torch runs the network: {trouble}')
            return
        self._detector.engine = choice.engine
        self.state = f'{choice.engine.name if choice.engine else "torch"} ({choice.reason})'

    def _tell(self, progress: str) -> None:
        self.state = f'torch ({progress})'


def runtimes_for(engine: str, device: str) -> dict[str, Runtime]:
    """
    What may run the network instead of torch, by name.

    :raises EngineError: it was asked for by name and cannot be had.
    """
    if engine == 'torch' or (engine == 'auto' and device != 'cpu'):
        return {}
    if engine == 'auto':
        return {name: runtime for name, make in RUNTIMES.items() if _there(runtime := make())}
    if engine == 'tensorrt':
        raise EngineError('engine tensorrt is not part of this version: set engine to torch, '
                          'which runs on the GPU too')
    if engine not in RUNTIMES:
        raise EngineError(f'engine {engine!r} is unknown: choose {", ".join(ENGINES)}')
    if device != 'cpu':
        raise EngineError(f'engine {engine} runs on the CPU: set device to cpu, or engine to '
                          'torch')
    runtime = RUNTIMES[engine]()
    runtime.version()
    return {engine: runtime}


def _there(runtime: Runtime) -> bool:
    try:
        runtime.version()
    except EngineError:
        return False
    return True


def _why_torch(device: str) -> str:
    if device != 'cpu':
        return f'auto, on {device}'
    return f'auto; neither {" nor ".join(RUNTIMES)} is installed'
