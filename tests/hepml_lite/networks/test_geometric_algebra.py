"""Geometric algebra: Dirac's matrices, rotors, and all maps that are equivariant."""

import pytest
import torch
from laws import assert_gradients_reach_every_parameter

from hepml_lite.jet_physics.variations.transformations import boost_matrix
from hepml_lite.networks import geometric_algebra as ga

MIRROR = torch.diag(torch.tensor([1.0, -1, -1, -1], dtype=torch.float64))


def multivectors(*shape):
    return torch.randn(*shape, 16, dtype=torch.float64)


def dirac_matrices():
    """γ^0 … γ^3 in Dirac's representation, (4, 4, 4)."""
    pauli = torch.tensor([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    zero, one = torch.zeros(2, 2), torch.eye(2)
    gammas = [torch.block_diag(one, -one).to(torch.complex128)]
    for sigma in pauli:
        rows = [torch.cat([zero, sigma], 1), torch.cat([-sigma, zero], 1)]
        gammas.append(torch.cat(rows).to(torch.complex128))
    return torch.stack(gammas)


def as_matrix(x):
    """A multivector (..., 16) as the 4 × 4 matrix it is in Dirac's algebra."""
    gammas = dirac_matrices()
    blades = []
    for blade in ga.BLADES:
        matrix = torch.eye(4, dtype=torch.complex128)
        for mu in blade:
            matrix = matrix @ gammas[mu]
        blades.append(matrix)
    return torch.einsum("...i,iab->...ab", x.to(torch.complex128), torch.stack(blades))


def lorentz_matrix():
    """A boost across, a turn and a boost along the beam, one after the other."""
    boosts = [torch.from_numpy(boost_matrix(v)) for v in ([0.4, -0.3, 0.2], [0, 0, 0.7])]
    turn = torch.eye(4, dtype=torch.float64)
    turn[1:3, 1:3] = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
    return boosts[0] @ turn @ boosts[1]


def test_the_geometric_product_is_the_product_of_dirac_matrices():
    x, y = multivectors(5), multivectors(5)
    torch.testing.assert_close(
        as_matrix(ga.geometric_product(x, y)), as_matrix(x) @ as_matrix(y), rtol=1e-12, atol=1e-12
    )


def test_the_inner_product_is_a_trace_and_that_of_minkowski_for_vectors():
    x, y = multivectors(5), multivectors(5)
    trace = (as_matrix(ga.reverse(x)) @ as_matrix(y)).diagonal(dim1=-2, dim2=-1).sum(-1).real / 4
    torch.testing.assert_close(ga.inner_product(x, y), trace)
    p, q = torch.randn(2, 5, 4, dtype=torch.float64)
    expected = p[:, 0] * q[:, 0] - (p[:, 1:] * q[:, 1:]).sum(-1)
    torch.testing.assert_close(ga.inner_product(ga.embed(p), ga.embed(q)), expected)


def test_reversal_turns_products_around():
    x, y = multivectors(5), multivectors(5)
    swapped = ga.geometric_product(ga.reverse(y), ga.reverse(x))
    torch.testing.assert_close(ga.reverse(ga.geometric_product(x, y)), swapped)


def test_grades_add_up_and_embedding_is_undone():
    x = multivectors(5)
    parts = ga.grade_project(x)
    torch.testing.assert_close(parts.sum(-2), x)
    assert [int((part != 0).sum()) for part in parts[0]] == [1, 4, 6, 4, 1]
    p, s = torch.randn(5, 4), torch.randn(5)
    x = ga.embed(p, s)
    assert torch.equal(ga.extract_vectors(x), p)
    assert torch.equal(ga.extract_scalars(x), s)
    assert torch.equal(x, ga.embed(p) + ga.embed(scalars=s))


@pytest.mark.parametrize(("plane", "size"), [((0, 3), 0.8), ((0, 1), -1.1), ((1, 2), 0.7)])
def test_a_rotor_does_what_its_matrix_does(plane, size):
    matrix = torch.eye(4, dtype=torch.float64)
    if plane[0] == 0:
        velocity = torch.zeros(3, dtype=torch.float64)
        velocity[plane[1] - 1] = torch.tensor(size).double().tanh()
        matrix = torch.from_numpy(boost_matrix(velocity.numpy()))
    else:
        cos, sin = torch.tensor(size).double().cos(), torch.tensor(size).double().sin()
        matrix[1:3, 1:3] = torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])])
    x = multivectors(5)
    expected = x @ ga.outermorphism(matrix).T
    torch.testing.assert_close(ga.sandwich(ga.rotor(plane, size), x), expected)


def layers(parity):
    layer = ga.GeometricLayer(3, parity)
    mask = torch.arange(4) < torch.tensor([[4], [2], [0]])
    bilinear = ga.GeometricBilinear(3, 3, parity)
    return {
        "linear": ga.EquivariantLinear(3, 3, parity).double(),
        "product": lambda x: ga.geometric_product(x, x.flip(-2)),
        "norm": ga.equivariant_norm,
        "gated": ga.gated,
        "bilinear": bilinear.double(),
        "layer": lambda x: layer.double()(x, mask),
    }


@pytest.mark.parametrize("name", list(layers(False)))
@pytest.mark.parametrize("parity", [False, True])
def test_equivariance(name, parity):
    f, x = layers(parity)[name], multivectors(3, 4, 3)
    if isinstance(f, torch.nn.Module):
        torch.nn.init.normal_(next(f.parameters()))
    change = ga.outermorphism(lorentz_matrix())
    torch.testing.assert_close(f(x @ change.T), f(x) @ change.T, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["linear", "bilinear", "layer"])
def test_the_pseudoscalar_maps_break_mirrors_and_only_they(name):
    x, mirror = multivectors(3, 4, 3), ga.outermorphism(MIRROR)
    for parity in (True, False):
        f = layers(parity)[name]
        same = torch.allclose(f(x @ mirror.T), f(x) @ mirror.T, rtol=1e-10, atol=1e-10)
        assert same == parity


def test_there_are_no_other_equivariant_linear_maps():
    """Solve Λ B = B Λ for a few general Λ: there are as many solutions as maps in the basis."""
    for parity, count in ((False, 10), (True, 5)):
        changes = [ga.outermorphism(lorentz_matrix()), ga.outermorphism(lorentz_matrix().mT)]
        changes += [ga.outermorphism(torch.from_numpy(boost_matrix([0.1, 0.5, -0.3])))]
        changes += [ga.outermorphism(MIRROR)] if parity else []
        one = torch.eye(16, dtype=torch.float64)
        equations = torch.cat(
            [torch.kron(c, one) - torch.kron(one, c.T.contiguous()) for c in changes]
        )
        assert int((torch.linalg.svdvals(equations) < 1e-9).sum()) == count
        basis = ga.linear_basis(parity).flatten(1)
        assert torch.linalg.matrix_rank(basis) == count == len(basis)
        assert (equations @ basis.T).abs().max() < 1e-12


def test_the_layer_ignores_padding_and_learns():
    layer = ga.GeometricLayer(2)
    x, mask = torch.randn(3, 4, 2, 16), torch.arange(4) < torch.tensor([[4], [2], [1]])
    dirty = torch.where(mask[..., None, None], x, 7.0)
    torch.testing.assert_close(layer(dirty, mask)[mask], layer(x, mask)[mask])
    assert_gradients_reach_every_parameter(layer, x, mask)


def test_product_and_linear_maps_are_those_of_lgatr():
    primitives = pytest.importorskip("lgatr.primitives")
    config = primitives.PrimitivesConfig()
    x, y = multivectors(5, 3), multivectors(5, 3)
    expected = primitives.geometric_product(x, y, config=config)
    torch.testing.assert_close(ga.geometric_product(x, y), expected)
    torch.testing.assert_close(ga.inner_product(x, y), primitives.inner_product(x, y)[..., 0])
    torch.testing.assert_close(ga.reverse(x), primitives.reverse(x))
    torch.testing.assert_close(ga.grade_project(x), primitives.grade_project(x))
    torch.testing.assert_close(ga.equivariant_norm(x), primitives.equi_layer_norm(x))
    weights = torch.einsum("cd,ab->acdb", torch.eye(3), torch.eye(10)).double()
    theirs = [primitives.equi_linear(x, weight, config=config) for weight in weights]
    ours = torch.einsum("bij,...j->b...i", ga.linear_basis(), x)
    for mine, other in zip(ours, theirs, strict=True):  # the sign of a map is a convention
        assert torch.allclose(mine, other) or torch.allclose(mine, -other)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (ga.embed, "vectors"),
        (lambda: ga.embed(torch.zeros(2, 3)), r"\(2, 3\)"),
        (lambda: ga.rotor((2, 1), 0.1), "rising"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
