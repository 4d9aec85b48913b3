"""What the command line says when something goes wrong: one line, and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

EXIT_FAILED = 1
EXIT_INPUT = 2
EXIT_INTERNAL = 70
EXIT_INTERRUPTED = 130

_DISK = {
    errno.ENOSPC: ("the disk is full", "free some space and run again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space and run again"),
    errno.EACCES: ("permission denied", "choose a place you may use"),
    errno.EPERM: ("permission denied", "choose a place you may use"),
    errno.EROFS: ("the file system is read-only", "choose a place you may write to"),
    errno.ENOENT: ("no such file or directory", "check the path"),
    errno.ENOTDIR: ("not a directory", "check the path"),
    errno.EISDIR: ("this is a directory, not a file", "check the path"),
    errno.EEXIST: ("this exists already", "choose another path"),
    errno.ENAMETOOLONG: ("the file name is too long", "choose a shorter path"),
    errno.ELOOP: ("too many symbolic links", "check the path"),
}
_LONGEST = 2000
"""Characters in one message: a hostile file cannot fill the terminal."""


def debugging() -> bool:
    """Whether tracebacks are wanted: MODERATOR_DEBUG=1."""
    return os.environ.get("MODERATOR_DEBUG", "") not in ("", "0")


def one_line(text: str) -> str:
    """Fold text to one printable line: no line breaks, no control characters, bounded length."""
    words = " ".join(text.split())
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"


def report_error(what: str, where: str = "", todo: str = "") -> None:
    """Write `error: what, where, what to do` on stderr, as one line."""
    line = one_line("error: " + ", ".join(part for part in (what, where, todo) if part))
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def _explains_itself(error: BaseException) -> bool:
    from moderator.errors import InputError

    return isinstance(error, InputError) or (
        isinstance(error, ValueError)
        and all(isinstance(getattr(error, name, None), str) for name in ("what", "where", "todo"))
    )


def _report_usage(error: Exception) -> int:
    """A command line that does not parse: the exceptions of click, which Typer carries along."""
    message = str(error.format_message())  # type: ignore[attr-defined]  # duck-typed, see guard
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(message + "\n" if message else "")
        return 0
    command = context.command_path if context is not None else "moderator"
    report_error(message.rstrip("."), command, f"see `{command} --help`")
    return EXIT_INPUT


def _parts(error: Exception) -> tuple[str, str, str] | None:
    """What, where and what to do; None for an error that nobody foresaw."""
    if _explains_itself(error):
        what, where, todo = (str(getattr(error, name)) for name in ("what", "where", "todo"))
        return what, where, todo
    if isinstance(error, OSError) and error.errno in _DISK:
        what, todo = _DISK[error.errno]
        return what, str(error.filename or ""), todo
    return None


def _internal(error: Exception) -> str:
    return f"internal: {type(error).__name__}: {error}"


def explained(error: Exception) -> str:
    """What went wrong, in one line, as `guard` says it."""
    parts = _parts(error) or (_internal(error), "", "")
    return one_line(", ".join(part for part in parts if part))


def _report(error: Exception) -> int:
    """Say what went wrong in one line.

    Returns:
        The exit code that belongs to the error.
    """
    if (parts := _parts(error)) is not None:
        report_error(*parts)
        return EXIT_INPUT
    if type(error).__name__ == "Abort":
        return _report_interrupt()
    # Click comes inside recent Typer releases and beside older ones: know its errors by shape.
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        return _report_usage(error)
    report_error(_internal(error), todo="set MODERATOR_DEBUG=1 for the traceback")
    return EXIT_INTERNAL


def _report_interrupt() -> int:
    sys.stderr.write("interrupted\n")
    return EXIT_INTERRUPTED


def _drop_output() -> None:
    """Point stdout at nothing, so that the flush at exit does not fail again."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())


def guard(call: Callable[[], object]) -> int:
    """Run `call` and turn whatever it raises into one line on stderr.

    Args:
        call: the command; an `int` it returns is its exit code.

    Returns:
        0 on success; 2 for bad input, a full or unwritable disk, or a wrong command line;
        130 when interrupted; 70 for an error nobody foresaw.
    """
    try:
        code = call()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _report_interrupt()
    except BrokenPipeError:
        _drop_output()  # the reader, say `head`, has what it wanted
        return EXIT_FAILED
    except Exception as error:
        if debugging():
            import traceback

            traceback.print_exc()
        return _report(error)
    if isinstance(code, int) and code == EXIT_INTERRUPTED:
        return _report_interrupt()  # Typer turns the interrupt into this code
    return code if isinstance(code, int) else 0
