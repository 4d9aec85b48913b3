"""JSON of transcription services, told apart by its keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.files.inputs import open_inputs
from integrations.files.transcripts.words import SPREAD, MeetingWords
from moderator.errors import InputError
from moderator.timeline import to_seconds
from tests.integrations.files.transcripts.test_cases import lines

SAID = [("A", "Good morning."), ("B", "Hi.")]
TIMES = [(1.0, 1.4), (1.5, 2.0), (3.0, 3.5)]


def relative(at: float) -> dict[str, float]:
    return {"relative": at}


WHISPERX: dict[str, Any] = {
    "segments": [
        {
            "start": 1.0,
            "end": 2.0,
            "text": " Good morning.",
            "speaker": "A",
            "words": [
                {"word": "Good", "start": 1.0, "end": 1.4, "score": 0.9, "speaker": "A"},
                {"word": "morning.", "start": 1.5, "end": 2.0, "score": 0.9},
            ],
        },
        {
            "start": 3.0,
            "end": 3.5,
            "text": " Hi.",
            "words": [{"word": "Hi.", "start": 3.0, "end": 3.5, "speaker": "B"}],
        },
    ],
    "word_segments": [],
}
DEEPGRAM: dict[str, Any] = {
    "metadata": {"channels": 1},
    "results": {
        "channels": [
            {
                "alternatives": [
                    {
                        "transcript": "Good morning. Hi.",
                        "words": [
                            {
                                "word": word,
                                "punctuated_word": text,
                                "start": a,
                                "end": b,
                                "speaker": n,
                            }
                            for (word, text, n), (a, b) in zip(
                                [("good", "Good", 0), ("morning", "morning.", 0), ("hi", "Hi.", 1)],
                                TIMES,
                                strict=True,
                            )
                        ],
                    }
                ]
            }
        ]
    },
}
ASSEMBLYAI: dict[str, Any] = {
    "id": "x",
    "status": "completed",
    "words": [],
    "utterances": [
        {
            "speaker": "A",
            "text": "Good morning.",
            "start": 1000,
            "end": 2000,
            "words": [
                {"text": "Good", "start": 1000, "end": 1400, "speaker": "A"},
                {"text": "morning.", "start": 1500, "end": 2000, "speaker": "A"},
            ],
        },
        {
            "speaker": "B",
            "text": "Hi.",
            "start": 3000,
            "end": 3500,
            "words": [{"text": "Hi.", "start": 3000, "end": 3500, "speaker": "B"}],
        },
    ],
}
REV: dict[str, Any] = {
    "speakers": [{"id": 0, "name": "A"}],
    "monologues": [
        {
            "speaker": 0,
            "elements": [
                {"type": "text", "value": "Good", "ts": 1.0, "end_ts": 1.4, "confidence": 1},
                {"type": "punct", "value": " "},
                {"type": "text", "value": "morning", "ts": 1.5, "end_ts": 2.0},
                {"type": "punct", "value": "."},
            ],
        },
        {
            "speaker": "B",
            "elements": [
                {"type": "text", "value": "Hi", "ts": 3.0, "end_ts": 3.5},
                {"type": "punct", "value": "."},
            ],
        },
    ],
}
RECALL: list[dict[str, Any]] = [
    {
        "participant": {"id": 100, "name": "A", "is_host": True},
        "words": [
            {"text": "Good", "start_timestamp": relative(1.0), "end_timestamp": relative(1.4)},
            {"text": "morning.", "start_timestamp": relative(1.5), "end_timestamp": relative(2.0)},
        ],
    },
    {"speaker": "B", "words": [{"text": "Hi.", "start_timestamp": 3.0, "end_timestamp": 3.5}]},
]
FIREFLIES: dict[str, Any] = {
    "id": "x",
    "title": "Weekly",
    "sentences": [
        {"index": 0, "speaker_name": "A", "start_time": "1.0", "end_time": "2", "text": SAID[0][1]},
        {"index": 1, "speaker_name": "B", "start_time": 3.0, "end_time": 3.5, "text": "Hi."},
    ],
}
OPENAI: dict[str, Any] = {
    "task": "transcribe",
    "text": "Good morning. Hi.",
    "segments": [
        {"id": 0, "speaker": "A", "start": 1.0, "end": 2.0, "text": " Good morning."},
        {"id": 1, "speaker": "B", "start": 3.0, "end": 3.5, "text": " Hi."},
    ],
}


def opened(folder: Path, value: Any) -> MeetingWords:
    path = folder / "talk.json"
    path.write_text(json.dumps(value))
    meeting = open_inputs([str(path)])
    assert isinstance(meeting, MeetingWords)
    return meeting


def names(meeting: MeetingWords) -> list[tuple[str, str]]:
    called = {one.id: one.name for one in meeting.participants.values()}
    return [(called[who], said) for who, said in lines(meeting)]


@pytest.mark.parametrize(
    "value", [WHISPERX, DEEPGRAM, ASSEMBLYAI, REV, RECALL], ids=["x", "dg", "aai", "rev", "recall"]
)
def test_words_with_times(tmp_path: Path, value: Any) -> None:
    meeting = opened(tmp_path, value)
    said = [(who.translate(str.maketrans("01", "AB")), what) for who, what in names(meeting)]
    assert said == SAID
    assert [(to_seconds(w.start), to_seconds(w.end)) for w in meeting.words] == TIMES
    assert meeting.notes == ()


@pytest.mark.parametrize(
    "value",
    [FIREFLIES, {"data": {"transcript": FIREFLIES}}, OPENAI],
    ids=["fireflies", "answer", "openai"],
)
def test_segments_whose_words_have_no_times(tmp_path: Path, value: Any) -> None:
    meeting = opened(tmp_path, value)
    assert names(meeting) == SAID
    assert [(to_seconds(t.start), to_seconds(t.end)) for t in meeting.turns] == [(1, 2), (3, 3.5)]
    assert meeting.notes == (SPREAD,)


def test_words_that_whisperx_could_not_align(tmp_path: Path) -> None:
    segment = {
        "start": 1.0,
        "end": 3.0,
        "speaker": "A",
        "words": [
            {"word": "in", "start": 1.0, "end": 1.2},
            {"word": "2027"},
            {"word": "or"},
            {"word": "so", "start": 2.0, "end": 2.5},
            {"word": "9"},
        ],
    }
    meeting = opened(tmp_path, {"segments": [segment, WHISPERX["segments"][1]]})
    assert [(w.text, to_seconds(w.start), to_seconds(w.end)) for w in meeting.words][:5] == [
        ("in", 1.0, 1.2),
        ("2027", 1.2, 1.6),
        ("or", 1.6, 2.0),
        ("so", 2.0, 2.5),
        ("9", 2.5, 3.0),
    ]


def test_whisper_without_speakers_goes_with_an_rttm(tmp_path: Path) -> None:
    bare = {"segments": [{**one, "speaker": None} for one in OPENAI["segments"]]}
    with pytest.raises(InputError, match=r"does not say who speaks, .*add the RTTM"):
        opened(tmp_path, bare)
    rttm = tmp_path / "talk.rttm"
    rttm.write_text(
        "SPEAKER talk 1 1 1 <NA> <NA> A <NA> <NA>\nSPEAKER talk 1 3 2 <NA> <NA> B <NA> <NA>\n"
    )
    meeting = open_inputs([str(tmp_path / "talk.json"), str(rttm)])
    assert isinstance(meeting, MeetingWords)
    assert lines(meeting) == SAID


def test_a_segment_without_a_speaker_goes_to_the_nearest(tmp_path: Path) -> None:
    value = {"segments": [*OPENAI["segments"], {"start": 3.6, "end": 4, "text": "yes"}]}
    meeting = opened(tmp_path, value)
    assert lines(meeting) == [SAID[0], ("B", "Hi. yes")]
    assert "1 words without a speaker, given to the nearest" in meeting.notes


def test_channels_of_deepgram_are_speakers(tmp_path: Path) -> None:
    words = [{"word": "hi", "start": 1, "end": 2}]
    channels = [{"alternatives": [{"words": words}]}] * 2
    meeting = opened(tmp_path, {"results": {"channels": channels}})
    assert sorted(meeting.participants) == ["channel 0", "channel 1"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"segments": []}, "segments"),
        ({"segments": [{"start": 2, "end": 1, "text": "hm", "speaker": "A"}]}, "ends before"),
        ({"segments": [{"start": -2, "end": 1, "text": "hm"}]}, "segments[0].start"),
        ({"segments": [{"start": 1e9, "end": 1e9, "text": "hm"}]}, "segments[0].start"),
        ({"segments": [{"text": "hm"}]}, "segments[0].start"),
        ({"results": {"channels": "none"}}, "results.channels"),
        ({"results": {"channels": [{"alternatives": []}]}}, "no words"),
        ({"monologues": [{"speaker": 0, "elements": "Hello"}]}, "monologues[0].elements"),
        ({"utterances": [{"text": "hm"}]}, "utterances[0].start"),
        ({"sentences": [{"text": ["hm"]}]}, "sentences[0].text"),
        ([{"words": [{"start_timestamp": 1}]}], "utterance[0].words[0].text"),
        ({"data": {}}, "data.transcript"),
    ],
)
def test_bad_service(tmp_path: Path, value: Any, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        opened(tmp_path, value)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
