"""Boosted trees as Verilog: all comparisons at once, then a choice of leaves, then a sum."""

from hepml_lite.trigger.emulation.integer_trees import IntegerForest, IntegerTree
from hepml_lite.trigger.firmware.design import Design, constant, header, number_on_wires
from hepml_lite.trigger.firmware.verilog import fitted


def forest_design(forest: IntegerForest) -> Design:
    """The forest as one module without registers."""
    kind, out = forest.input_type, forest.output_type
    width = out.width + max(len(forest.trees), 1).bit_length() + 1  # no sum of leaves exceeds it
    lines = [header(forest.n_in * kind.width, out.width, clock=False)]
    used = sorted({int(f) for tree in forest.trees for f in tree.feature if f >= 0})
    lines += [f"  {number_on_wires(f'in_{place}', 'x', place, kind)}" for place in used]
    for number, tree in enumerate(forest.trees):
        choice = _choice(tree, 0, kind.width + 1, width)
        lines.append(f"  wire signed [{width - 1}:0] tree_{number} = {choice};")
    trees = " + ".join(f"tree_{number}" for number in range(len(forest.trees)))
    lines.append(
        f"  wire signed [{width - 1}:0] whole = {constant(int(forest.start), width)} + {trees};"
    )
    lines += [f"  assign y = {fitted(out, width)};", "endmodule", ""]
    return Design("\n".join(lines), forest.n_in, kind, 1, out)


def _choice(tree: IntegerTree, node: int, width_in: int, width: int) -> str:
    """The expression that picks the leaf below a node."""
    feature = int(tree.feature[node])
    if feature < 0:
        return constant(int(tree.leaf[node]), width)
    bound = _clipped(tree.largest_left[node], width_in)
    left = _choice(tree, int(tree.left[node]), width_in, width)
    right = _choice(tree, int(tree.right[node]), width_in, width)
    return f"(in_{feature} <= {constant(bound, width_in)} ? {left} : {right})"


def _clipped(bound: float, width: int) -> int:
    """A bound within the range of the wires: beyond it all events go the same way."""
    return int(min(max(bound, -(2 ** (width - 1))), 2 ** (width - 1) - 1))
