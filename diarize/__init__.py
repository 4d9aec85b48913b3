"""Who speaks when: diarizers for a participant's own track and for a shared microphone.

Importing this package loads no model code; `diarize.loading`, `diarize.campplus` and
`diarize.pyannote_embedding` import torch.
"""

from diarize.base import (
    SAMPLE_RATE,
    Audio,
    Diarizer,
    DiarizerSpec,
    SpeakerActivity,
    VoiceActivityDetector,
)
from diarize.errors import DiarizeError

__all__ = [
    "SAMPLE_RATE",
    "Audio",
    "DiarizeError",
    "Diarizer",
    "DiarizerSpec",
    "SpeakerActivity",
    "VoiceActivityDetector",
]
