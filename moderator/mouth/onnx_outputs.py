"""Reads an inner tensor of an ONNX model without rewriting the model."""

from __future__ import annotations

_GRAPH = 7 << 3 | 2
"""Key of ``ModelProto.graph`` (field 7, length-delimited)."""

_OUTPUT = 12 << 3 | 2
"""Key of ``GraphProto.output``."""

_NAME = 1 << 3 | 2
"""Key of ``ValueInfoProto.name``."""


def with_output(model: bytes, tensor: str) -> bytes:
    """A model that also returns one of its inner tensors, as its last output.

    Protocol buffers merge a message field that occurs twice, repeated fields by appending
    (protobuf.dev, "Last One Wins"); so a second ``graph`` that holds nothing but one output, put
    behind the file's bytes, adds that output. The file itself, and with it its hash, stays.

    Args:
        model: the bytes of an ONNX file.
        tensor: name of the inner tensor, which must exist: the runtime refuses the model otherwise.

    Returns:
        The bytes to give to the runtime.
    """
    value_info = _field(_NAME, tensor.encode())
    return model + _field(_GRAPH, _field(_OUTPUT, value_info))


def _field(key: int, payload: bytes) -> bytes:
    return bytes([key]) + _varint(len(payload)) + payload


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
