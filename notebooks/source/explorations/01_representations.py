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
# Six kinds of jets, seven views of each. Move the sliders: a boost, a rotation, one more soft particle, a
# collinear split. Every view tells you how far it moved.

# %% [markdown] tags=["objectives"]
# **After this notebook you can** say for any view of a jet what it cannot see, and find jets that look
# alike although their parents differ.
#
# **You need** the tutorial of this theme, or a teacher who explains the seven views.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1

# %%
import matplotlib.pyplot as plt
import numpy as np

from data_fetch import load
from hepml_lite import metrics, plotting, profiles
from hepml_lite.checks import check
from hepml_lite.representations import transformations as change
from hepml_lite.representations.figures import seven_views
from hepml_lite.representations.views import VIEWS
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
# 3. Add a soft particle and raise its momentum. At which momentum does the mass move by as much as the
#    number of particles did at once?
# 4. Take a W jet. Are its nearest neighbours W jets? Go from neighbour to neighbour: how many steps until
#    you are at a Z, at a gluon?
# 5. Rotate a jet by a full turn. Which views come back to where they were, and which never left?
#
# ## The same with your own code
#
# Everything in the dashboard is a function that you can call.

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
# The energy–energy correlator asks: if I pick two particles, weighted with their energies, how far apart
# are they? **Predict** where each kind of jet has its bump, from its mass and a momentum of 1 TeV.

# %%
from hepml_lite.representations.energy_correlators import mean_correlators

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
# 0.25 for the Higgs. Quark and gluon jets have no scale of their own, and the gluon
# spreads wider. The bump near 0.07 that all six share is no physics: it is the detector, whose cells are
# 0.1 wide. Which of the bumps would move if the jets had 2 TeV?
#
# ## An open challenge
#
# Find **one number** that tells W from Z jets better than their mass does, or convince yourself that
# there is none. They differ in mass by 11 GeV, in their charge (which the detector does not show here) and
# in how often they decay to heavy quarks.
#
# Start from the mass, and improve. Your number is a function of `Jets` that returns an array (N,); the
# check compares it with the plain mass.


# %%
def w_or_z(jets):
    """A number (N,) that is larger for Z than for W jets."""
    # BEGIN SOLUTION
    from hepml_lite.representations.observables import soft_drop

    return soft_drop(jets, z_cut=0.1, beta=0.0).mass
    # END SOLUTION


# %% [markdown] tags=["hint"]
# What makes the mass of a jet of 1 TeV blurred? Particles that have nothing to do with the boson count as
# well. Grooming takes them away: `hepml_lite.representations.observables.soft_drop`.

# %%
w_and_z = jets[np.isin(jets.label, [jets.names.index(name) for name in ("W", "Z")])]
is_z = w_and_z.label == jets.names.index("Z")
w_or_z = check("1.5", w_or_z, jets=w_and_z, is_z=is_z)

# %%
for name, values in {"mass": w_and_z.mass, "yours": w_or_z(w_and_z)}.items():
    auc = metrics.bootstrap(metrics.auc, is_z, values, n=sizes.bootstraps, rng=SEED)
    print(f"{name:>6}: AUC {auc}")

# %% [markdown]
# How far can one go? A network that reads every particle is the next opponent, and the charge of the jet
# the next idea: W bosons have one, and a tracker could tell. What your best number does not use is still
# in the jet.
#
# **References.** Moreno et al., *JEDI-net*, arXiv:1908.05318. Larkoski, Marzani, Soyez, Thaler, *Soft
# drop*, arXiv:1402.2657. Komiske, Metodiev, Thaler, arXiv:1902.02346.
