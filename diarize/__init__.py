"""Who speaks when: diarizers for a participant's own track and for a shared microphone."""

from diarize.base import (
    SAMPLE_RATE,
    Audio,
    Diarizer,
    DiarizerSpec,
    SpeakerActivity,
    VoiceActivityDetector,
)

__all__ = [
    "SAMPLE_RATE",
    "Audio",
    "Diarizer",
    "DiarizerSpec",
    "SpeakerActivity",
    "VoiceActivityDetector",
]
