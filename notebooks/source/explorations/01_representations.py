# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Explore: turn a jet, split it, find its neighbours
#
# ![The same top jet as a picture, a sequence, a graph and a tree](../../docs/images/seven_views.png)
#
# There are six kinds of jets, and seven views of each. Move the sliders: a boost, a rotation, one more
# soft particle, a collinear split. Every view shows how far it moved.

# %% [markdown] tags=["objectives"]
# **After this notebook you can** say for any view of a jet what it cannot see, and find jets that look
# alike although they come from different particles.
#
# **You need** the tutorial of this theme, or a teacher who explains the seven views.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1

# %%
import matplotlib.pyplot as plt
import numpy as np

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles
from hepml_lite.checks import check
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.representations.figures import seven_views
from hepml_lite.jet_physics.views.seven_views import VIEWS
from widgets import show

plotting.use_style()
sizes = profiles.sizes("01_representations", PROFILE)

# %%
show("representations")

# %% [markdown]
# ## Questions to answer with the dashboard
#
# 1. Boost a jet along the beam. Which views do not notice at all, and which number in the table of
#    four-vectors stays the same for every particle?
# 2. Split the hardest particle at angle zero and open the angle slowly. Which view notices *first*?
#    From which angle on does the image see it, and how large is a pixel?
# 3. Add a soft particle and raise its momentum. The number of particles moves at once. At which momentum
#    does the mass move by as much?
# 4. Take a W jet. Are its nearest neighbours W jets? Go from neighbour to neighbour: after how many steps
#    do you reach a Z jet, and a gluon jet?
# 5. Rotate a jet by a full turn. Which views move and come back, and which never move?
#
# ## The same with your own code
#
# The dashboard only calls functions, and you can call them, too.

# %%
jets = load("jet_classes", PROFILE, "test")
print(jets)
one = jets.of_class("Higgs")[0]
seven_views(one)
plt.show()

# %%
split = change.collinear_split(jets[:200], 0, z=0.5, angle=0.1)
for name, view in VIEWS.items():
    moved = np.median(view.movement(view(jets[:200]), view(split)))
    print(f"{name:>12} moved by {moved:.3f} of the distance to another jet")

# %% [markdown]
# ### A jet as a scattering experiment
#
# The energy–energy correlator is the distribution of the distance between two particles, weighted with
# their energies. **Predict** where each kind of jet has its bump, from its mass and a momentum of 1 TeV.

# %%
from hepml_lite.jet_physics.observables.energy_correlators import mean_correlators

fig, ax = plt.subplots(figsize=(9, 5.5))
for name, correlator in mean_correlators(jets).items():
    middle = np.sqrt(correlator.edges[1:] * correlator.edges[:-1])
    style = plotting.class_style(name) | {"marker": ""}
    ax.errorbar(middle, correlator.density, correlator.error, label=name, **style)
ax.set(
    xscale="log",
    xlabel=r"distance $\Delta R$",
    ylabel=r"energy-energy correlator per unit of $\ln \Delta R$",
)
ax.set_xlim(0.01, 1)
ax.legend()
plt.show()

# %% [markdown]
# **Explain.** Two prongs of a heavy particle are at least $2m/p_T$ apart: 0.16 for the W, 0.18 for the Z,
# 0.25 for the Higgs. Quark and gluon jets have no scale of their own, and gluon jets are wider. All six
# kinds share a bump near 0.07. It is not physics: it comes from the detector, whose cells are 0.1 wide.
# Which bumps would move if the jets had 2 TeV?
#
# ## An open challenge
#
# Find **one number** that separates Z from W jets better than the mass does. Their masses differ by
# 11 GeV, which the detector blurs, and they decay to different particles. Any function of `Jets` that
# returns an array (N,) is allowed. You may learn it from the training jets. Ideas: a window instead of a
# threshold, the correlators, many views at once.
#
# The check judges your number on the test jets, whose labels and order it hides from you:
#
# - **bronze**: an AUC of 0.02 more than that of the mass;
# - **silver**: as good as boosted trees on 16 numbers, within 0.01;
# - **gold**: better than these trees by 0.01.

# %%
from sklearn.ensemble import HistGradientBoostingClassifier

from hepml_lite.jet_physics.observables.energy_flow_polynomials import energy_flow_polynomials

everything = load("jet_classes")  # at every profile: with fewer jets the answer is noise
bosons = everything[np.isin(everything.label, [everything.names.index(name) for name in "WZ"])]
learn, judge = bosons.split(0.6, 0.4, rng=None)
is_z = {part: part.label == part.names.index("Z") for part in (learn, judge)}


def many_numbers(jets):
    """Observables, safe polynomials and the momentum of each jet, (N, 16)."""
    return np.column_stack(
        [VIEWS["observables"](jets), energy_flow_polynomials(jets, degree=3)[:, 1:], jets.pt]
    )


# %%
def w_or_z(jets):
    """A number (N,) that is larger for Z than for W jets."""
    # BEGIN SOLUTION
    trees = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.05, max_leaf_nodes=8)
    trees.fit(many_numbers(learn), is_z[learn])
    return trees.decision_function(many_numbers(jets))
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Draw the masses of W and Z jets in one figure. Is a heavier jet always more like a Z? A W jet that
# contains a few particles from elsewhere is heavier than most Z jets.

# %% [markdown] tags=["hint"]
# A classifier of scikit-learn needs only `many_numbers(learn)` and `is_z[learn]`. Its
# `decision_function` gives one number for each jet.

# %%
w_or_z = check("1.5", w_or_z, learn=learn, judge=judge)

# %%
for name, values in {"mass": judge.mass, "yours": w_or_z(judge)}.items():
    auc = metrics.bootstrap(
        metrics.auc, is_z[judge], values, n_bootstrap=sizes.bootstraps, rng=SEED
    )
    print(f"{name:>6}: AUC {auc}")

# %% [markdown]
# How far can one go? The next opponent is a network that reads every particle. The next idea is the
# charge of the jet: W bosons have one, and a tracker could measure it. The jet still holds the information
# that your best number does not use.
#
# **References.** Moreno et al., *JEDI-net*, arXiv:1908.05318. Komiske, Metodiev, Thaler,
# *Energy flow polynomials*, arXiv:1712.07124. Komiske, Metodiev, Thaler, arXiv:1902.02346.
