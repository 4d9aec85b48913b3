"""Who speaks when: diarizers for a participant's own track and for a shared microphone.

Roles, minds and rooms may not enter; `loading`, `campplus` and `pyannote_embedding` import torch,
and nothing else here does before it is needed.
"""
