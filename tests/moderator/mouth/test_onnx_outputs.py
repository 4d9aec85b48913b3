from __future__ import annotations

from moderator.mouth.onnx_outputs import with_output


def test_the_file_stays_and_one_output_is_added() -> None:
    # graph (7) { output (12) { name (1): "/x" } }, written out by hand.
    assert with_output(b"model", "/x") == b"model" + bytes(
        [0x3A, 6, 0x62, 4, 0x0A, 2, ord("/"), ord("x")]
    )


def test_long_names_have_their_length_in_several_bytes() -> None:
    added = with_output(b"", "n" * 300)
    assert added.endswith(bytes([0x0A, 0xAC, 0x02]) + b"n" * 300)
