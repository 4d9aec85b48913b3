"""Builds the page: facts into a template, style and script inline, written atomically."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import IO, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from moderator.errors import InputError
from moderator.measure.report import wording
from moderator.measure.report.data import page_data, to_script_json
from moderator.measure.report.facts import Facts, work_out
from moderator.measure.report.prose import (
    figures,
    lede,
    line_notes,
    moments,
    notices,
    reasons,
    setting,
)
from moderator.measure.report.reading import read_journal, read_summary
from moderator.measure.report.record import Json, clip
from moderator.measure.report.sound import Sound, find_sound

NAME = "report.html"

UNFINISHED = ".report-"
"""How the name of a page begins that is being written."""

_READING = 0.3  # of the work, roughly; the rest is encoding the sound
SCRIPTS = ("player.js", "timeline.js", "marks.js", "transcript.js", "start.js")


def write_report(
    out_dir: Path,
    *,
    embed_audio: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Writes `report.html` into the directory of a run, finished or not.

    The page asks nothing of the network. The meeting's sound is part of it as MP3 where that stays
    under 20 MB; otherwise the page plays the wave file beside it.

    Args:
        out_dir: a directory with `journal.jsonl`; `summary.json`, `meeting.wav` and `agent.wav`
            are used where they are there.
        embed_audio: False: always play the file beside the page.
        progress: told the share of the work done, in [0, 1], from time to time.

    Returns:
        The page's path.

    Raises:
        InputError: there is no journal, or the page cannot be written.
    """

    def part(start: float, end: float) -> Callable[[float], None]:
        return lambda done: progress(start + done * (end - start)) if progress else None

    facts = work_out(read_journal(out_dir / "journal.jsonl", part(0.0, _READING)))
    summary = read_summary(out_dir / "summary.json")
    sound = find_sound(out_dir, embed=embed_audio, progress=part(_READING, 1.0))
    target = out_dir / NAME
    try:
        _write_atomically(target, _pieces(facts, summary, sound))
    except OSError as error:
        todo = error.strerror or str(error)
        raise InputError("cannot write the report", where=str(target), todo=todo) from error
    return target


def own_texts() -> str:
    """All that a page says by itself, and that its wording gives to other files: one text."""
    package = resources.files(__package__ or "")
    own = [file for file in package.iterdir() if file.name.endswith(".py")]
    return "\n".join(
        file.read_text(encoding="utf-8") for file in (*own, *package.joinpath("assets").iterdir())
    )


def _asset(name: str) -> str:
    return resources.files(__package__ or "").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """A content security policy's source for exactly this inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("moderator.measure.report", "assets"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=lambda ms: wording.clock(ms / 1000),
        percent=wording.percent,
    )
    return environment


def _context(facts: Facts, summary: Json, sound: Sound | None) -> dict[str, Any]:
    style = _asset("report.css")
    script = "(() => {\n'use strict';\n" + "\n".join(map(_asset, SCRIPTS)) + "\n})();\n"
    return {
        "facts": facts,
        "record": facts.record,
        "lede": lede(facts),
        "figures": figures(facts, summary),
        "summary_line": clip(facts.record.role.get("summary")),
        "setting": setting(facts, summary),
        "notices": notices(facts, summary),
        "reasons": reasons(facts),
        "moments": moments(facts),
        "lines": line_notes(facts),
        "sound": sound,
        "sound_data": (Markup(piece) for piece in sound.base64()) if sound else (),  # noqa: S704
        "data": Markup(to_script_json(page_data(facts))),  # noqa: S704 - escaped for a script
        "style": Markup(style),  # noqa: S704 - the package's own file
        "script": Markup(script),  # noqa: S704 - the package's own files
        "style_hash": Markup(_hash(style)),  # noqa: S704
        "script_hash": Markup(_hash(script)),  # noqa: S704
    }


def _pieces(facts: Facts, summary: Json, sound: Sound | None) -> Iterator[str]:
    template = _environment().get_template("report.html.j2")
    stream = template.stream(_context(facts, summary, sound))
    stream.enable_buffering(64)
    return iter(stream)


def _write_atomically(target: Path, pieces: Iterator[str]) -> None:
    """Writes beside `target` and moves it there, so that a reader never sees half a page."""
    part = target.with_name(f"{UNFINISHED}{secrets.token_hex(6)}.part")
    try:
        with part.open("x", encoding="utf-8", newline="\n") as file:
            _write_all(file, pieces)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_all(file: IO[str], pieces: Iterator[str]) -> None:
    for piece in pieces:
        file.write(piece)
    file.flush()
    os.fsync(file.fileno())
