"""What holds for every fast path: it equals the readable one, which replaces it where needed."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hepml_lite.networks.fast import choice

TOLERANCE = {torch.float64: 1e-10, torch.float32: 3e-5}  # of the largest number


def one_pass(
    make_model: Callable[[], nn.Module], x: Tensor, mask: Tensor
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Outputs with running averages, and gradients, of one pass; the model is made from one seed.

    x (N, P, F) are particles, mask (N, P) is True where real; what stands in padding is NaN.
    """
    torch.manual_seed(1)
    model = make_model()
    x = torch.where(mask.unsqueeze(-1), x, torch.nan).requires_grad_()
    output = model(x, mask)
    (output * torch.arange(1, 1 + output.shape[1])).sum().backward()
    gradients = {"particles": x.grad}
    for name, parameter in model.named_parameters():
        gradient = parameter.grad
        gradients[name] = torch.zeros_like(parameter) if gradient is None else gradient
    return {"output": output.detach(), **dict(model.named_buffers())}, gradients


def assert_readable_is_fast(make_model: Callable[[], nn.Module], x: Tensor, mask: Tensor) -> None:
    """Both ways agree to what the precision of the weights allows, of the largest number."""
    fast = one_pass(make_model, x, mask)
    with choice.readable():
        readable = one_pass(make_model, x, mask)
    tolerance = TOLERANCE[readable[0]["output"].dtype]
    for got, expected, what in zip(fast, readable, ("", "gradient of "), strict=True):
        largest = max(y.abs().max() for y in expected.values())
        for name, y in expected.items():
            assert torch.isfinite(y).all(), f"{what}{name} is not finite"
            change = (got[name] - y).abs().max() / largest
            assert change <= tolerance, f"{what}{name}: fast and readable differ by {change:.2g}"


def assert_falls_back(
    name: str, owner, function: str, call: Callable[[], Tensor], expected: Tensor, monkeypatch
) -> None:
    """Without `owner.function`, or with another one, the path `name` is off, `call` as before."""

    def missing(*arguments, **settings):
        raise AttributeError(f"no {function}")

    def changed(*arguments, **settings):
        return torch.full_like(arguments[0], 17.0) if arguments else 17.0

    monkeypatch.delenv(choice.SWITCH, raising=False)
    assert choice.in_use(name), choice.report()
    try:
        for broken in (missing, changed):
            monkeypatch.setattr(owner, function, broken)
            choice.check_again()
            assert not choice.in_use(name)
            torch.testing.assert_close(call(), expected, rtol=1e-5, atol=1e-5)
    finally:
        monkeypatch.undo()
        choice.check_again()
