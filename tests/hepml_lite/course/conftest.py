"""A checkout of one small notebook, with everything that a source may hold."""

import pytest

SOURCE = '''\
# %% [markdown]
# # Efficiencies
#
# ![a curve that rises](curve.png)

# %% [markdown] tags=["objectives"]
# After this notebook you can **compute an efficiency**. And more.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1
N_EVENTS = 10

# %%
from hepml_lite.checks import Wrong, check, exercise


@exercise("9.1", reference=lambda passed, total: passed / total)
def verify(answer, **context):
    if answer(1, 2) != 0.5:
        raise Wrong("half of the events passed")


# %%
def efficiency(passed, total):
    """Return the fraction that passed."""
    # BEGIN SOLUTION
    fraction = passed / total
    return fraction
    # END SOLUTION


# %% [markdown] tags=["hint"]
# How many passed?

# %% [markdown] tags=["hint"]
# Divide.

# %%
efficiency = check("9.1", efficiency)

# %% tags=["nbval-check-output"]
print(f"{efficiency(1, 4):.2f}")
'''


@pytest.fixture
def source():
    return SOURCE


@pytest.fixture
def checkout(tmp_path, source):
    """The folder of a checkout with the notebook 00_start_here, not built yet."""
    base = tmp_path / "checkout"
    write_source(base, "00_start_here", source)
    (base / "README.md").write_text(
        "# Course\n\n<!-- notebooks:begin -->\nold\n<!-- notebooks:end -->\n\nThe end.\n"
    )
    (base / "notebooks" / "curve.png").write_bytes(b"\x89PNG not really")
    return base


@pytest.fixture
def add_source():
    return write_source


def write_source(base, name, text):
    path = base / "notebooks" / "source" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
