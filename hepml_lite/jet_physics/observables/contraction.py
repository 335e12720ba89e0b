"""Plan how sums over graphs share their pieces, and work the plan off for a batch of jets.

The value of a graph is a sum over the particles on all of its vertices. It factorises where the
graph falls apart: cut at one vertex into branches, each a vector over the particle there; cut at
two into bridges, each a matrix. Cuts are chosen such that the pieces are small, for small pieces
are few and return in many graphs: the 490 connected graphs of up to seven edges share 12 products
of matrices. (arXiv:1712.07124 eliminates the vertices of each graph by itself.)
"""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np

from hepml_lite.jet_physics.observables.multigraphs import Edges, Pieces, cut_at

Step = tuple  # (kind, operands…); an operand is the position of an earlier step
IMPOSSIBLE = -1  # in place of a position: with this cut, the pieces are no matrices

#: CPU time of the steps that are not negligible, in that of a "product", for 60 particles.
COST = {"product": 1.0, "hang": 0.6, "chain": 12.0, "diamond": 500.0}


class Plan:
    """Steps, each done once, that lead to the value of every graph.

    Below are z the energy fractions and theta the angles of particles i, j, k, l; A and B are
    matrices, v and w vectors, all of them results of earlier steps:

    - ("ones",): the vector of ones; ("angle",): theta_ij; ("transpose", A): A_ji;
    - ("product", A, B): A_ij B_ij; ("both", v, w): v_i w_i;
    - ("chain", A, w, B): sum_k A_ik z_k w_k B_kj;
    - ("diamond", A): sum_kl A_ik A_jk A_kl A_il A_jl z_k z_l, what the graph K4 needs;
    - ("hang", A, w): the vector sum_j A_ij z_j w_j; ("total", w): the number sum_i z_i w_i.

    Attributes:
        steps: in an order in which they can be done.
        totals: the position in `steps` of the value of each graph.
    """

    def __init__(self, graphs: Iterable[Edges]) -> None:
        cuts = _Cuts()
        totals = [cuts.total(edges) for edges in graphs]
        order = _order(cuts.steps, frozenset().union(*(cuts.needs[t] for t in totals)))
        new = {old: position for position, old in enumerate(order)}
        self.steps = [(cuts.steps[i][0], *(new[j] for j in cuts.steps[i][1:])) for i in order]
        self.totals = [new[t] for t in totals]

    def count(self) -> Counter:
        """Number of steps of each kind."""
        return Counter(kind for kind, *_ in self.steps)

    def evaluate(self, z: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Values (N, graphs) for energy fractions z (N, P), 0 where padded, and theta (N, P, P).

        Angles are finite and symmetric. Up to degree 7, 31 arrays like theta exist at a time.
        """
        last = {i: step for step, (_, *operands) in enumerate(self.steps) for i in operands}
        results: list[np.ndarray] = []
        memory: list[np.ndarray] = []  # asking the system for new memory costs as much as a product
        for step, (kind, *operands) in enumerate(self.steps):
            inputs = [theta if kind == "angle" else z, *(results[i] for i in operands)]
            if kind in _MATRICES:
                out = memory.pop() if memory else np.empty_like(theta)
                results.append(_MATRICES[kind](*inputs, out))
            else:
                results.append(_VECTORS[kind](*inputs))
            for i in {i for i in operands if last[i] == step}:
                if self.steps[i][0] in _MATRICES:
                    memory.append(results[i])
                results[i] = np.empty(0)  # nobody needs it any more
        return np.stack([results[t] for t in self.totals], axis=-1)


class _Cuts:
    """All ways to cut graphs, and the choice among them; equal results become one step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.needs: list[frozenset[int]] = []  # of each step: itself and all that goes before
        self._edges: list[float] = []  # in the part of a graph that a step stands for
        self._position: dict[Step, int] = {}
        self._transposed: dict[int, int] = {}
        self._cut_at = cache(cut_at)
        self._effort = cache(self._find_effort)
        self._branch = cache(self._find_branch)
        self._bridge = cache(self._find_bridge)
        self.ones, self.angle = self._step("ones"), self._step("angle")
        self.diamond = self._step("diamond", self.angle)
        self._transposed |= {self.angle: self.angle, self.diamond: self.diamond}

    def total(self, edges: Edges) -> int:
        """The value of a connected graph, rooted where that is cheapest."""
        roots = _vertices(edges) or {0}
        return self._best(self._step("total", self._vector(edges, r)) for r in roots)

    def _vector(self, edges: Edges, r: int) -> int:
        """The product of all branches at the vertex r."""
        pieces = self._cut_at(edges, (r,))
        return self._fold("both", [self._branch(piece, r) for _, piece in pieces])

    def _find_branch(self, edges: Edges, r: int) -> int:
        """What hangs on r and cannot be divided there: a matrix to some s, summed over s."""
        return self._best(self._hang(edges, r, s) for s in _vertices(edges) - {r})

    def _hang(self, edges: Edges, r: int, s: int) -> int:
        pieces = self._cut_at(edges, (r, s))
        return self._step("hang", self._matrix(pieces, r, s), self._vector(_at(pieces, s), s))

    def _matrix(self, pieces: Pieces, r: int, s: int) -> int:
        """The product of all bridges between r and s; one step for it and its transpose."""
        bridges = [self._bridge(piece, r, s) for touched, piece in pieces if touched == {r, s}]
        if IMPOSSIBLE in bridges or len(bridges) == 1:
            return bridges[0] if len(bridges) == 1 else IMPOSSIBLE
        there, back = sorted(bridges), sorted(self._transpose(b) for b in bridges)
        return self._either(there, back, lambda factors: self._fold("product", factors))

    def _find_bridge(self, edges: Edges, r: int, s: int) -> int:
        """What joins r and s and cannot be divided: an edge, a chain over t, or a diamond."""
        inner = _vertices(edges) - {r, s}
        if not inner:
            return self.angle
        if len(inner) == 2 and len(edges) == len(set(edges)) == 5:
            return self.diamond
        return self._best(self._chain(edges, r, t, s) for t in inner)

    def _chain(self, edges: Edges, r: int, t: int, s: int) -> int:
        pieces = self._cut_at(edges, (r, t, s))
        if any({r, s} <= touched for touched, _ in pieces):
            return IMPOSSIBLE
        a, b = self._matrix(pieces, r, t), self._matrix(pieces, t, s)
        w = self._vector(_at(pieces, t), t)
        if IMPOSSIBLE in (a, w, b):
            return IMPOSSIBLE
        there, back = [a, w, b], [self._transpose(b), w, self._transpose(a)]
        return self._either(there, back, lambda operands: self._step("chain", *operands))

    def _either(self, there: list[int], back: list[int], make: Callable[[list[int]], int]) -> int:
        """The step made of operands, or the transpose of the one made of those read backwards."""
        step = make(min(there, back))
        if there == back:
            self._transposed[step] = step
        return self._transpose(step) if back < there else step

    def _transpose(self, matrix: int) -> int:
        if matrix not in self._transposed:
            transposed = self._step("transpose", matrix)
            self._transposed |= {matrix: transposed, transposed: matrix}
        return self._transposed[matrix]

    def _fold(self, kind: str, operands: Sequence[int]) -> int:
        """Join operands two by two, the oldest first, so that equal beginnings are shared."""
        if IMPOSSIBLE in operands:
            return IMPOSSIBLE
        first, *others = sorted(operands) or [self.ones]
        for other in others:
            first = self._step(kind, first, other)
        return first

    def _step(self, kind: str, *operands: int) -> int:
        if IMPOSSIBLE in operands:
            return IMPOSSIBLE
        step = (kind, *operands)
        if step not in self._position:
            here = self._position[step] = len(self.steps)
            self.steps.append(step)
            self.needs.append(frozenset({here}).union(*(self.needs[i] for i in operands)))
            own = {"angle": 1, "diamond": math.inf}.get(kind, 0)
            self._edges.append(own + sum(self._edges[i] for i in operands))
        return self._position[step]

    def _best(self, positions: Iterable[int]) -> int:
        possible = [p for p in positions if p != IMPOSSIBLE]
        return min(possible, key=self._effort, default=IMPOSSIBLE)

    def _find_effort(self, position: int) -> tuple[float, ...]:
        """Matrices of many edges are avoided first, as few graphs share them; then time counts."""
        kinds = [(self.steps[i][0], self._edges[i]) for i in self.needs[position]]
        chain = max((n for kind, n in kinds if kind in ("chain", "diamond")), default=0)
        product = max((n for kind, n in kinds if kind == "product"), default=0)
        return chain, product, math.fsum(COST.get(kind, 0.1) for kind, _ in kinds), position


def _vertices(edges: Iterable[tuple[int, int]]) -> set[int]:
    return {v for edge in edges for v in edge}


def _at(pieces: Pieces, vertex: int) -> Edges:
    """The edges of all pieces that touch no other vertex of the cut."""
    return tuple(edge for touched, piece in pieces if touched == {vertex} for edge in piece)


def _order(steps: Sequence[Step], needed: frozenset[int]) -> list[int]:
    """Needed steps such that operands come first and vectors at once, while a matrix is at hand."""
    waiting = {i: len(set(steps[i][1:])) for i in needed}
    users: dict[int, list[int]] = {i: [] for i in needed}
    for i in needed:
        for operand in set(steps[i][1:]):
            users[operand].append(i)
    ready = [(False, i) for i, n in waiting.items() if n == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        order.append(heapq.heappop(ready)[1])
        for user in users[order[-1]]:
            waiting[user] -= 1
            if waiting[user] == 0:
                heapq.heappush(ready, (steps[user][0] in _MATRICES, user))
    return order


def _chain(z: np.ndarray, a: np.ndarray, w: np.ndarray, b: np.ndarray, out: np.ndarray):
    return np.matmul(a * (z * w)[:, None, :], b, out=out)


def _diamond(z: np.ndarray, a: np.ndarray, out: np.ndarray) -> np.ndarray:
    """P^4 operations: for each i one product of matrices gives all j >= i; A is symmetric."""
    inner = z[:, :, None] * a * z[:, None, :]  # (N, P, P): k, l
    for i in range(a.shape[1]):
        both = a[:, i : i + 1] * a[:, i:]  # (N, P - i, P): j, k
        row = np.einsum("njl,njl->nj", both @ inner, both)
        out[:, i, i:] = out[:, i:, i] = row
    return out


def _transpose(z: np.ndarray, a: np.ndarray, out: np.ndarray) -> np.ndarray:
    out[...] = a.swapaxes(1, 2)
    return out


_MATRICES: dict[str, Callable[..., np.ndarray]] = {
    "transpose": _transpose,
    "product": lambda z, a, b, out: np.multiply(a, b, out=out),
    "chain": _chain,
    "diamond": _diamond,
}
_VECTORS: dict[str, Callable[..., np.ndarray]] = {
    "ones": np.ones_like,
    "angle": lambda theta: theta,
    "both": lambda z, v, w: v * w,
    "hang": lambda z, a, w: (a @ (z * w)[:, :, None])[:, :, 0],
    "total": lambda z, w: np.einsum("ni,ni->n", z, w),
}
