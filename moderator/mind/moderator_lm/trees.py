"""Boosted trees as tensors: the floor's first opinion in shipped weights.

Gradient boosting hears more in the timing features of a moment than a small network does
(docs/training.md); as tensors, its trees need neither the library that grew them nor a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

ROWS = 2
"""Moments that are compared with all nodes at a time; few, so that they stay in the cache."""

LEAVES = 62
"""Of a tree at most: one bit of a number each."""

PARTS = ("column", "threshold", "left", "right", "value", "base")
"""The tensors of a forest."""


class Forest(nn.Module):
    """For each head a sum of trees, all with room for as many nodes.

    A row is compared with all nodes at once. A node that sends it right rules out all leaves on its
    left; of the leaves that remain, the row falls into the first (QuickScorer: Lucchese et al.,
    2015, doi 10.1145/2766462.2767733).

    Args:
        tensors: by the names of `PARTS`. ``base (heads,)``; the others ``(heads, trees, nodes)``:
            of a node the column it looks at, the threshold up to which a row goes left, where left
            and right lead, and the value; a leaf leads to itself, and any other node further on.

    Raises:
        ValueError: they do not belong together, or lead nowhere.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.column: Tensor
        self.threshold: Tensor
        self.left: Tensor
        self.right: Tensor
        self.value: Tensor
        self.base: Tensor
        if set(tensors) != set(PARTS):
            raise ValueError("not a forest")
        for name in PARTS:
            whole = name in ("column", "left", "right")
            if tensors[name].is_floating_point() == whole:
                raise ValueError(f"{name} holds numbers of the wrong kind")
            # A copy: the file that they may be mapped from is larger.
            self.register_buffer(name, tensors[name].clone())
        self._check()
        self._arrange()

    def _check(self) -> None:
        shape = self.value.shape
        if len(shape) != 3 or 0 in shape or self.base.shape != shape[:1]:
            raise ValueError("not a forest")
        if any(getattr(self, name).shape != shape for name in PARTS[:4]):
            raise ValueError("trees of different shapes")
        own = torch.arange(shape[2])
        for way in (self.left, self.right):
            if bool(((way < own) | (way >= shape[2])).any()):
                raise ValueError("a node leads nowhere")
        if bool(((self.left == own) != (self.right == own)).any()):
            raise ValueError("a node leads to itself and elsewhere")
        if bool((self.column < 0).any()):
            raise ValueError("a node looks at no column")

    def _arrange(self) -> None:
        """Lays the nodes out for `forward`: ``(inner nodes, heads * trees)``."""
        left, right, column, threshold, value = (
            getattr(self, name).flatten(0, 1) for name in ("left", "right", *PARTS[:2], "value")
        )
        left, right = left.long(), right.long()
        leaf = left == torch.arange(left.shape[1])
        first, count, reached = _leaves(left, right, leaf)
        worth = torch.zeros(len(left), LEAVES)
        tree, node = torch.nonzero(reached & leaf, as_tuple=True)
        worth[tree, first[tree, node]] = value[tree, node].float()
        ruled_out = ((1 << count.gather(1, left)) - 1) << first
        inner = reached & ~leaf
        remains = torch.where(inner, ~ruled_out, -1)
        # Inner nodes to the front, and as many as can be halved down to one.
        width = 1 << max(0, int(inner.sum(1).max()) - 1).bit_length()
        order = torch.argsort((~inner).byte(), dim=1, stable=True)[:, :width]
        order = nn.functional.pad(order, (0, width - order.shape[1]), value=int(left.shape[1]) - 1)
        up_to = threshold.float()
        up_to = torch.where(up_to > threshold, up_to.nextafter(torch.tensor(-torch.inf)), up_to)
        if int(count[:, 0].max()) <= 32:
            remains = remains.int()
        for name, part in (("looks", column.long()), ("up_to", up_to), ("remains", remains)):
            self.register_buffer(f"_{name}", part.gather(1, order).T.contiguous(), persistent=False)
        self.register_buffer("_worth", worth[:, : int(count[:, 0].max())], persistent=False)

    @property
    def columns(self) -> int:
        """How many columns a row needs at least."""
        return int(self.column.max()) + 1

    def mean_with(self, other: Forest) -> Forest:
        """A forest that says the mean of what both say; it has the trees of both.

        Raises:
            ValueError: the other one is for another number of heads.
        """
        if len(other.base) != len(self.base):
            raise ValueError("trees for other heads")
        room = max(self.value.shape[2], other.value.shape[2])
        parts = {
            name: torch.cat([_widened(getattr(one, name), name, room) for one in (self, other)], 1)
            for name in PARTS[:5]
        }
        parts["value"] = parts["value"] / 2
        return Forest({**parts, "base": (self.base + other.base) / 2})

    def forward(self, rows: Tensor) -> Tensor:
        """Logits.

        Args:
            rows: ``(n, columns)``.

        Returns:
            ``(n, heads)``.
        """
        return torch.cat([self._fall(part) for part in torch.split(rows.float(), ROWS)])

    def _fall(self, rows: Tensor) -> Tensor:
        looks, up_to, remains, worth = (
            self.get_buffer(f"_{name}") for name in ("looks", "up_to", "remains", "worth")
        )
        seen = rows.index_select(1, looks.flatten()).view(len(rows), *looks.shape)
        left = remains | (seen <= up_to).to(remains.dtype).neg()
        while left.shape[1] > 1:
            half = left.shape[1] // 2
            left = left[:, :half] & left[:, half:]
        left = left[:, 0]
        lowest = torch.frexp((left & -left).double()).exponent.long() - 1
        each = worth.expand(len(rows), -1, -1).gather(2, lowest[..., None])
        each = each.view(len(rows), *self.value.shape[:2])
        return (self.base + each.sum(2)).float()


def _leaves(left: Tensor, right: Tensor, leaf: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of every node the number of its first leaf, from the left, how many, and if a row gets there.

    Args:
        left: ``(trees, nodes)``; children stand behind their parent.
        right: the same.
        leaf: the same.

    Raises:
        ValueError: a tree has too many leaves, or ways that meet.
    """
    nodes = left.shape[1]
    count = torch.ones_like(left)
    for node in reversed(range(nodes)):
        both = sum(count.gather(1, way[:, node, None])[:, 0] for way in (left, right))
        count[:, node] = torch.where(leaf[:, node], 1, both).clamp(max=LEAVES + 1)
    if bool((count[:, 0] > LEAVES).any()):
        raise ValueError(f"a tree has more than {LEAVES} leaves")
    first, reached = torch.zeros_like(left), torch.zeros_like(leaf)
    reached[:, 0] = True
    for node in range(nodes):
        trees = torch.nonzero(reached[:, node] & ~leaf[:, node])[:, 0]
        to_left, to_right = left[trees, node], right[trees, node]
        reached[trees, to_left] = reached[trees, to_right] = True
        first[trees, to_left] = first[trees, node]
        first[trees, to_right] = first[trees, node] + count[trees, to_left]
    if bool(((reached & leaf).sum(1) != count[:, 0]).any()):
        raise ValueError("ways meet in a tree")
    return first, count, reached


def _widened(part: Tensor, name: str, room: int) -> Tensor:
    """With empty leaves up to `room` nodes a tree; a leaf leads to itself."""
    heads, trees, nodes = part.shape
    more = torch.zeros((heads, trees, room - nodes), dtype=part.dtype)
    if name in ("left", "right"):
        more += torch.arange(nodes, room, dtype=part.dtype)
    return torch.cat([part, more], dim=2)
