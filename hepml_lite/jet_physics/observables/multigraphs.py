"""Loopless multigraphs up to isomorphism: the index set of the energy flow polynomials."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations_with_replacement

Edges = tuple[tuple[int, int], ...]
Pieces = list[tuple[set[int], Edges]]

#: From degree 8 on, graphs like the wheel of five vertices need more than `contraction` can plan.
MAX_DEGREE = 7


def graphs(degree: int, prime: bool = True) -> list[Edges]:
    """Every loopless multigraph of up to `degree` edges, one of each isomorphism class.

    A graph is the sorted tuple of its edges (k, m), k < m, with repetition; the vertices are
    0, 1, …. The order is fixed: by number of edges, then of vertices, then the edges as tuples. The
    first graph is (): one vertex, no edge. Connected graphs are called prime, because the energy
    flow polynomial of any other one is a product (arXiv:1712.07124). The numbers of each degree are
    the sequences A076864 (connected) and A050535 (all) of the OEIS.

    Args:
        degree: largest number of edges, 0 to 7.
        prime: only connected graphs (490 up to degree 7), or also their unions (1000).

    Raises:
        ValueError: if degree is out of range.
    """
    if degree not in range(MAX_DEGREE + 1):
        raise ValueError(
            f"degree is {degree}: choose a number of edges from 0 to {MAX_DEGREE}; each further "
            "degree has more than three times as many graphs"
        )
    found = [g for d in range(int(degree) + 1) for g in (_connected(d) if prime else _any(d))]
    return sorted(found, key=_order)


def vertices(edges: Edges) -> int:
    """Number of vertices; the graph without edges has one."""
    return 1 + max((m for _, m in edges), default=0)


def components(edges: Edges) -> list[Edges]:
    """The connected parts of a graph from `graphs`, each as it stands there by itself.

    The vertices of a part are consecutive, so a part ends where an edge starts beyond all others.
    """
    parts: list[list[tuple[int, int]]] = []
    end = -1
    for k, m in edges:
        if k > end:
            parts.append([])
            offset = k
        parts[-1].append((k - offset, m - offset))
        end = max(end, m)
    return [tuple(part) for part in parts]


def cut_at(edges: Edges, cut: tuple[int, ...]) -> Pieces:
    """What a graph falls into at the vertices `cut`: those that each piece touches, its edges."""
    group = {v: v for edge in edges for v in edge if v not in cut}
    for k, m in edges:
        if k in group and m in group:
            old, new = group[m], group[k]
            group = {v: new if g == old else g for v, g in group.items()}
    found: dict[int, list[tuple[int, int]]] = {}
    for number, (k, m) in enumerate(edges):
        alone = -1 - number  # an edge between two vertices of the cut is a piece by itself
        found.setdefault(group.get(k, group.get(m, alone)), []).append((k, m))
    return [({v for e in own for v in e} & set(cut), tuple(own)) for own in found.values()]


def label(edges: Edges) -> str:
    """A name for a graph: "01² 12" is a double edge from 0 to 1 and an edge from 1 to 2.

    "1" is the graph without edges; vertices from ten on are letters.
    """
    power = {1: "", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷"}
    names = "0123456789abcdefgh"
    count = Counter(edges)
    return " ".join(names[k] + names[m] + power[n] for (k, m), n in count.items()) or "1"


@cache
def _connected(degree: int) -> tuple[Edges, ...]:
    """Connected graphs of exactly `degree` edges: each is a smaller one and one edge more.

    A leaf's edge, or one of a cycle, can always be taken away without falling apart.
    """
    if degree == 0:
        return ((),)
    grown = {canonical(larger) for g in _connected(degree - 1) for larger in _extensions(g)}
    return tuple(sorted(grown, key=_order))


def _extensions(edges: Edges) -> Iterator[Edges]:
    """One edge more between two vertices, or from one of them to a new vertex."""
    n = vertices(edges)
    for k in range(n):
        for m in range(k + 1, n + 1):
            yield (*edges, (k, m))


@cache
def _any(degree: int) -> tuple[Edges, ...]:
    """All graphs of exactly `degree` edges: the unions of connected ones."""
    if degree == 0:
        return ((),)
    parts = [g for d in range(1, degree + 1) for g in _connected(d)]
    return tuple(_union(chosen) for chosen in _multisets(parts, degree))


def _multisets(parts: Sequence[Edges], degree: int) -> Iterator[tuple[Edges, ...]]:
    """Choices of parts, with repetition, that have `degree` edges together."""
    for sizes in _partitions(degree, degree):
        choices: list[tuple[Edges, ...]] = [()]
        for size in sorted(set(sizes)):
            same = [p for p in parts if len(p) == size]
            more = list(combinations_with_replacement(same, sizes.count(size)))
            choices = [(*c, *m) for c in choices for m in more]
        yield from choices


def _partitions(total: int, largest: int) -> Iterator[tuple[int, ...]]:
    if total == 0:
        yield ()
    for first in range(min(total, largest), 0, -1):
        yield from ((first, *rest) for rest in _partitions(total - first, first))


def _union(parts: Sequence[Edges]) -> Edges:
    """Parts side by side, the vertices numbered through."""
    edges: list[tuple[int, int]] = []
    offset = 0
    for part in parts:
        edges += [(k + offset, m + offset) for k, m in part]
        offset += vertices(part)
    return tuple(edges)


def _order(edges: Edges) -> tuple[int, int, Edges]:
    return len(edges), vertices(edges), edges


def canonical(edges: Edges) -> Edges:
    """The same graph with its vertices renumbered: equal for isomorphic graphs, and only for them.

    Vertices are told apart by what surrounds them until nothing new is learned; where some remain
    alike, each is tried as the first of them and the smallest list of edges wins (B. McKay,
    Practical graph isomorphism, 1981). Of vertices that can be swapped freely, one is enough.
    """
    n = vertices(edges)
    weight = [[0] * n for _ in range(n)]
    for k, m in edges:
        weight[k][m] += 1
        weight[m][k] += 1
    return min(_relabelled(edges, colour) for colour in _discrete(weight, [0] * n))


def _relabelled(edges: Edges, name: Sequence[int]) -> Edges:
    renamed = [(name[k], name[m]) for k, m in edges]
    return tuple(sorted((min(edge), max(edge)) for edge in renamed))


def _discrete(weight: list[list[int]], colour: list[int]) -> Iterator[list[int]]:
    """Numberings 0 … n-1 of the vertices that refine `colour` in every way that may matter."""
    colour = _refined(weight, colour)
    n = len(colour)
    alike = [v for v in range(n) if colour.count(colour[v]) > 1]
    if not alike:
        yield colour
        return
    first = min(colour[v] for v in alike)
    tried: list[int] = []
    for v in (v for v in alike if colour[v] == first):
        if not any(_twins(weight, u, v) for u in tried):
            tried.append(v)
            yield from _discrete(weight, [2 * c - (u == v) for u, c in enumerate(colour)])


def _refined(weight: list[list[int]], colour: list[int]) -> list[int]:
    """Split colours by the colours and multiplicities of the neighbours until they are stable."""
    number = 0
    while len(set(colour)) != number:
        number = len(set(colour))
        seen = [
            (colour[v], *sorted((-w, colour[u]) for u, w in enumerate(row) if w))
            for v, row in enumerate(weight)
        ]
        ranks: dict[tuple, int] = {}
        for rank, around in enumerate(sorted(seen)):
            ranks.setdefault(around, rank)
        colour = [ranks[around] for around in seen]
    return colour


def _twins(weight: list[list[int]], u: int, v: int) -> bool:
    """Whether exchanging u and v leaves the graph as it is."""
    return all(weight[u][w] == weight[v][w] for w in range(len(weight)) if w not in (u, v))
