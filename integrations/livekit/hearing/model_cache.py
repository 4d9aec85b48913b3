"""Models of several roles, loaded when they are first needed and kept for the process."""

from __future__ import annotations

import threading

from integrations.livekit.hearing.models import RoomModels, load_models
from integrations.livekit.hearing.shared_diarization import SharedDiarization
from moderator.models.store import ModelStore
from roles.schema import Role


class ModelCache:
    """Models by what a role needs; may be asked from any thread.

    Args:
        store: where the models are.
        diarization: for shared microphones, the same one for all roles.
    """

    def __init__(self, store: ModelStore, diarization: SharedDiarization) -> None:
        self._store, self._diarization = store, diarization
        self._loaded: dict[tuple[str, str, bool, bool], RoomModels] = {}
        self._loading = threading.Lock()

    def for_role(self, role: Role, *, ears_brought: bool = False) -> RoomModels:
        """The shared models of a role, loaded when they are first needed.

        Args:
            role: the agent's.
            ears_brought: as for `load_models`.

        Raises:
            InputError: a model is missing.
        """
        voice = role.voice.model_dump_json()
        key = (role.language, voice, role.turn.may_speak, ears_brought)
        with self._loading:
            whole = self._loaded.get((*key[:3], False))
            if whole is not None:  # such as `prewarm` loads
                return whole
            if key not in self._loaded:
                self._loaded[key] = load_models(
                    role, self._store, self._diarization, ears_brought=ears_brought
                )
            return self._loaded[key]
