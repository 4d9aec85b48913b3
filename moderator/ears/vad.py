"""Streaming voice activity detection with Silero's ONNX network, on one thread, without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from diarize.onnx_session import open_session
from moderator.audio import Waveform, silence
from moderator.errors import InputError
from moderator.timeline import Samples

FRAME: Samples = 512
"""Samples a frame, 32 ms: the only size the network takes at 16 kHz."""

_CONTEXT = 64  # samples of the frame before that the network sees again
_STATE = 128  # units of its LSTM
_BLOCK = 512  # frames a call

State: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""The LSTM's hidden and cell state, each ``(1, 1, 128)``."""


class SileroNetwork:
    """The network itself: stateless, so one serves every track.

    Args:
        session: an `onnxruntime.InferenceSession` over the file for 16 kHz.

    Raises:
        InputError: the file is some other network.
    """

    def __init__(self, session: Any) -> None:
        names = {entry.name for entry in session.get_inputs()}
        if names != {"input", "h", "c"}:
            raise InputError(
                "not a Silero voice activity network",
                where=f"inputs {', '.join(sorted(names))}",
                todo="give silero_vad_16k_sequence.onnx of silero-vad 6",
            )
        self._session = session

    @staticmethod
    def fresh_state() -> State:
        """The state at the start of a stream."""
        return np.zeros((1, 1, _STATE), np.float32), np.zeros((1, 1, _STATE), np.float32)

    def run(
        self, frames: npt.NDArray[np.float32], state: State
    ) -> tuple[npt.NDArray[np.float32], State]:
        """Runs consecutive frames of one stream.

        Args:
            frames: ``(n, 64 + 512)``: each frame after the last 64 samples of the one before.
            state: as left by the frames before.

        Returns:
            ``(n,)`` probabilities of speech, and the new state.
        """
        feed = {"input": frames, "h": state[0], "c": state[1]}
        found, hidden, cell = self._session.run(None, feed)
        return np.asarray(found, np.float32).reshape(-1), (hidden, cell)


class SileroVad:
    """One track's detector; satisfies `diarize.base.VoiceActivityDetector`.

    Args:
        network: shared by all tracks.
    """

    def __init__(self, network: SileroNetwork) -> None:
        self._network = network
        self._state = network.fresh_state()
        self._context = silence(_CONTEXT)
        self._rest = silence(0)

    @property
    def frame(self) -> int:
        """Samples a frame."""
        return FRAME

    def push(self, audio: Waveform) -> npt.NDArray[np.float32]:
        """Takes samples, shape ``(n,)``; returns ``(frames,)`` speech probabilities."""
        waiting = np.concatenate([self._rest, audio]) if len(self._rest) else audio
        count = len(waiting) // FRAME
        self._rest = waiting[count * FRAME :].copy()
        if not count:
            return np.zeros(0, np.float32)
        frames = np.empty((count, _CONTEXT + FRAME), np.float32)
        frames[:, _CONTEXT:] = waiting[: count * FRAME].reshape(count, FRAME)
        frames[0, :_CONTEXT] = self._context
        frames[1:, :_CONTEXT] = frames[:-1, -_CONTEXT:]
        self._context = frames[-1, -_CONTEXT:].copy()
        # In bounded blocks, so that a long push does not take memory without end.
        blocks = []
        for at in range(0, count, _BLOCK):
            found, self._state = self._network.run(frames[at : at + _BLOCK], self._state)
            blocks.append(found)
        return np.concatenate(blocks)


def load_silero(path: Path) -> SileroNetwork:
    """Loads Silero's ONNX file.

    Raises:
        InputError: the file is missing, or is no such network.
    """
    try:
        session = open_session(path)
    except Exception as error:
        raise InputError(
            "cannot load the voice activity network",
            where=str(path),
            todo="pull it again with: moderator models pull silero-vad",
        ) from error
    return SileroNetwork(session)
