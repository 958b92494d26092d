import numpy as np
import pytest

from demo.shake.attacks.cliques import cliques, graph, medoid


def joined(n: int, groups: list[list[int]]) -> np.ndarray:
    distances = np.ones((n, n), dtype=np.float32)
    for group in groups:
        distances[np.ix_(group, group)] = 0.05
    return graph(distances, 0.1)


def test_nobody_is_a_neighbour_of_himself() -> None:
    assert not graph(np.zeros((3, 3), dtype=np.float32), 0.1).diagonal().any()


def test_finds_planted_cliques_largest_first() -> None:
    groups = [list(range(0, 5)), list(range(8, 20))]
    assert cliques(joined(24, groups), 4) == [groups[1], groups[0]]
    assert cliques(joined(24, groups), 6) == [groups[1]]
    assert cliques(joined(24, groups), 13) == []


def test_a_chain_of_neighbours_is_no_clique() -> None:
    distances = np.abs(np.arange(20.0)[:, None] - np.arange(20.0)[None]).astype(np.float32)
    assert all(len(found) == 2 for found in cliques(graph(distances, 1.5), 2))
    assert cliques(graph(distances, 1.5), 3) == []


@pytest.mark.parametrize("seed", range(5))
def test_whatever_comes_out_is_a_clique_and_disjoint(seed: int) -> None:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((40, 40)), 1)
    dense = graph((upper + upper.T).astype(np.float32), 0.6)
    found = cliques(dense, 3)
    assert found
    seen: set[int] = set()
    for clique in found:
        assert dense[np.ix_(clique, clique)].sum() == len(clique) * (len(clique) - 1)
        assert not seen & set(clique)
        seen |= set(clique)


def test_medoid_is_nearest_to_the_rest() -> None:
    x = np.array([0.0, 1.0, 1.1, 9.0])
    distances = np.abs(x[:, None] - x[None]).astype(np.float32)
    assert medoid(distances, [0, 1, 2]) == 1
    assert medoid(distances, [2, 3]) == 2
