"""`moderator convert`: a transcript of one form in another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderator.cli.options import Force

if TYPE_CHECKING:
    from collections.abc import Mapping


def convert(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="A transcript, as for replay."),
    ],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="The form to write.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="PATH", help="File to write, or a directory for kaldi; else printed."
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write a transcript in another form.

    Forms: record, seglst, vtt, srt, text, stm, uem, ctm, rttm, nemo, lhotse, kaldi, textgrid, eaf,
    audacity, chat.
    """
    from integrations.files.inputs import open_inputs
    from integrations.files.transcripts.words import MeetingWords
    from integrations.files.transcripts.writing import WRITERS, told_of
    from moderator.cli.console import note
    from moderator.errors import InputError

    if to not in WRITERS:
        raise InputError(
            f"no form {to[:40]!a}", where="--to", todo=f"choose of {', '.join(WRITERS)}"
        )
    meeting = open_inputs(inputs)
    if not isinstance(meeting, MeetingWords):
        raise InputError(
            "a recording has no words yet",
            where=inputs[0][:200],
            todo="run `moderator replay` on it",
        )
    texts = WRITERS[to](told_of(meeting))
    if out is not None:
        _write(out, texts, force=force)
    elif len(texts) > 1:
        raise InputError(f"{to} is several files", where="--to", todo="add --out DIR")
    else:
        typer.echo("".join(texts.values()), nl=False)
    for text in meeting.notes:
        note(f"note: {text}")


def formats_named(text: str) -> tuple[str, ...]:
    """The forms that ``--formats`` names, those that every run writes left out.

    Raises:
        InputError: one is not known.
    """
    from integrations.files.disk.outdir import FORMATS
    from moderator.errors import InputError

    wanted = list(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    always = ("vtt", "seglst", "rttm")
    for name in wanted:
        if name not in FORMATS and name not in always:
            known = ", ".join(("vtt", *FORMATS))
            raise InputError(f"no form {name[:40]!a}", where="--formats", todo=f"choose of {known}")
    return tuple(name for name in wanted if name in FORMATS)


def _write(out: Path, texts: Mapping[str, str], *, force: bool) -> None:
    """Writes one text as a file, several into a directory."""
    from integrations.files.disk.atomic import disk_errors, write_text
    from integrations.files.disk.foreign import shown
    from moderator.errors import InputError

    several = len(texts) > 1
    paths = {(out / name if several else out): text for name, text in texts.items()}
    taken = [path for path in paths if path.exists()]
    if taken and not force:
        raise InputError(
            "it is there already", where=shown(taken[0]), todo="choose another name or add --force"
        )
    if several:
        with disk_errors(out):
            out.mkdir(parents=True, exist_ok=True)
    for path, text in paths.items():
        write_text(path, text)
