# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # One jet, seven views
#
# ![The same top jet as a picture, a sequence, a graph and a tree](../../docs/images/seven_views.png)
#
# A computer never sees a jet. It sees numbers that somebody chose: an image, a list, a graph, a tree.
# Each choice keeps some information and loses the rest. A network cannot use what is lost, and what is
# lost cannot mislead it. You will change jets in ways that should not matter, measure which numbers
# move, and see why the networks of theme 2 look as they do.

# %% [markdown] tags=["objectives"]
# **After this notebook you can**
#
# - write views of a jet yourself: its width (exercise 1.1) and the masses of all pairs, which no boost changes
#   (exercise 1.3);
# - say which numbers are infrared and collinear safe, and measure it (exercise 1.2);
# - compare jets by the energy that must be moved to turn one into the other (exercise 1.4).
#
# You also see which symmetries each of seven views keeps, and what learning without labels brings when labels are
# few.
#
# **You need** NumPy, and the notebook *Start here*, which explains jet, top and ROC curve.
#
# <details><summary>Words of this notebook</summary>
#
# - **Lund plane**: a jet is merged by angle, the closest pair first (Cambridge/Aachen). Read backwards, this is a
#   history of splittings. Each is a point: $\ln 1/\Delta R$ across, $\ln k_T$ upwards, with
#   $k_T = p_{T,\text{soft}}\,\Delta R$.
# - **τ₂₁, τ₃₂**: N-subjettiness $\tau_N = \sum_i z_i \min(\Delta R_{i1}, \dots, \Delta R_{iN})$ is small if the jet has N
#   prongs or fewer; ratios such as $\tau_{32} = \tau_3/\tau_2$ are small for just three.
# - **D₂**: a ratio of correlators of three and two particles, small for two prongs.
# - **AUC**: the chance that a top scores higher than a QCD jet. 0.5 is guessing.
#
# The glossary (its link is above) has the others.
#
# </details>

# %% tags=["parameters"]
PROFILE = "lesson"  # smoke: a quick test; lesson: a class; paper: a large sample
SEED = 1

# %%
import time

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles, training
from hepml_lite.tagging import published
from hepml_lite.checks import check
from hepml_lite.course.try_it import try_it
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.jet_physics.views.seven_views import VIEWS
from hepml_lite.networks.inputs import network_inputs

plotting.use_style()
sizes = profiles.sizes("01_representations", PROFILE)
print(sizes)

# %%
train, val, test = (load("top_tagging", PROFILE, split) for split in ("train", "val", "test"))
train, val, test = (jets[: sizes.jets] for jets in (train, val, test))
print("to learn from:", train)
print("to judge with:", test)

# %% [markdown]
# ## 1 · The same jet seven times
#
# This is one top jet. Every panel shows the *same* particles.
#
# **Predict.** Which panel changes if the particles are numbered differently? Which panel changes if the
# jet is turned by 90° around its axis?

# %%
from hepml_lite.representations.figures import seven_views

heavy = test.of_class("top")
jet = heavy[np.abs(heavy.mass - 172) < 10][0]
seven_views(jet)
plt.show()

# %% tags=["nbval-check-output"]
for name, view in VIEWS.items():
    print(f"{name:>12}: {view(jet).shape[1]:>4} numbers, {view.sentence}")

# %% [markdown]
# **Explain.** Other numbers for the particles change only the list of four-vectors: the sequence sorts them first,
# and the other views add up or look at all. A turn by 90° around the axis moves the points of the sequence and
# of the set; the image is turned upright first, and masses and splittings know only distances. Section 2 measures
# both. The views differ in length and in content, too. An image loses everything smaller than a pixel. A
# sequence invents an order that nature does not have. Observables keep only what physicists thought of.
# The tree is the only view with a *history*: which particle split from which.

# %% [markdown]
# ### Exercise 1.1: the width of a jet
#
# The oldest view is a single number. The width is the mean distance of the particles from the axis,
# weighted with the transverse momentum: $\sum_i p_{T,i}\,\Delta R_i \,/ \sum_i p_{T,i}$.
# `pt` and `distance` have the shape (jets, particles) and are zero where there is no particle.


# %%
def width(pt, distance):
    """Width (N,) of each jet from the pT and the distance to the axis of its particles (N, P)."""
    # BEGIN SOLUTION
    return (pt * distance).sum(axis=1) / pt.sum(axis=1)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# A weighted mean is the sum of weight times value, divided by the sum of the weights.

# %% [markdown] tags=["hint"]
# Padding has weight zero. So you need no mask, as long as you do not count particles.

# %%
width = check("1.1", width)
relative = test.relative()  # pT / pT_jet, distance in eta and in phi: (N, P, 3)
widths = width(relative[..., 0], np.hypot(relative[..., 1], relative[..., 2]))

# %%
fig, axes = plt.subplots(1, 2, figsize=(12, 4.5))
for ax, values, label in (
    (axes[0], widths, "width"),
    (axes[1], test.n_constituents, "number of particles"),
):
    by_class = {name: values[test.label == k] for k, name in enumerate(test.names)}
    bins = np.linspace(*np.quantile(values, [0.001, 0.995]), 31)
    plotting.histogram(ax, by_class, bins=bins, xlabel=label)
plt.show()

# %% [markdown]
# ## 2 · What moves when nothing should?
#
# Nature does not number particles and has no preferred azimuth. No detector can distinguish one particle
# from two particles of half the energy at the same place, and none sees a particle of almost no energy.
# A moving observer sees the same jet, too. We change jets in these ways and measure how far each view
# moves. 0 means no change; 1 means as far as the distance to *another jet* of the sample.
#
# **Predict.** What does a collinear split do to each of the seven views?

# %%
rng = np.random.default_rng(SEED)
some = test[: sizes.compared_jets]
changes = {
    "other order": change.permuted(some, rng),
    "turned about the beam": change.turned(some, 1.0),
    "boosted along the beam": change.boosted(some, 0.5),
    "boosted sideways": change.lorentz_boosted(some, np.array([0.3, 0.2, 0.0])),
    "rotated about its axis": change.rotated(some, np.pi / 3),
    "mirrored": change.mirrored(some),
    "hardest particle split": change.collinear_split(some, 0, z=0.5),
    "+ particle of 1 MeV": change.soft_added(some, 1e-3, rng),
}
before = {name: view(some) for name, view in VIEWS.items()}
moved = pd.DataFrame(index=list(VIEWS), columns=list(changes), dtype=float)
for change_name, new in changes.items():
    for name, view in VIEWS.items():
        moved.loc[name, change_name] = np.median(view.movement(before[name], view(new)))

# %%
from hepml_lite.representations.figures import draw_movement

draw_movement(moved)
plt.show()

# %% [markdown]
# **Explain.** The empty cells are symmetries: a network needs no training to have them, and no training
# can remove them. The columns on the right are *infrared and collinear safety*. The image and the sums over the
# set pass, because they are sums of energies. The tree passes for another reason: our cells end at a smallest
# $k_T$ and a smallest angle, so a splitting that is too soft or too narrow is in no cell. The sequence and the
# masses of pairs change with a split: a particle more moves all that follow. The four-vectors seem to ignore the
# particle of 1 MeV only because this list ends after 30 particles; safe they are not, as the split shows. The
# masses of pairs are the only view that a boost *sideways* does not change.
#
# ### Safety is a limit
#
# "Almost no energy" and "almost the same place" need a limit. A safe number approaches its old value as
# the new particle becomes softer, or as the two halves come closer. It may still differ at a finite step.

# %%
pts = np.geomspace(1e-2, 30, 8)  # GeV
angles = np.geomspace(1e-3, 0.3, 8)
softer = [change.soft_added(some, pt, np.random.default_rng(SEED)) for pt in pts]
closer = [change.collinear_split(some, 0, z=0.5, angle=angle) for angle in angles]

fig, axes = plt.subplots(1, 2, figsize=(13, 5), sharey=True)
for ax, x, jets_at, xlabel in (
    (axes[0], pts, softer, "pT of the added particle [GeV]"),
    (axes[1], angles, closer, "angle between the halves of the hardest particle"),
):
    for i, (name, view) in enumerate(VIEWS.items()):
        y = [np.mean(view.movement(before[name], view(jets))) for jets in jets_at]
        ax.plot(x, np.maximum(y, 1e-5), label=name, **plotting.class_style(i))
    ax.set(xscale="log", yscale="log", xlabel=xlabel)
axes[0].set_ylabel("mean distance moved")
axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %% [markdown]
# **Try it.** One observable, 200 jets, two knobs. Which observables come back to the diagonal as the angle goes
# to zero? Which ones do so as the soft particle loses its momentum?

# %%
from hepml_lite.jet_physics.observables.catalogue import OBSERVABLES

SHOWN = ("mass", "width", "multiplicity", "pt_dispersion", "tau21")
some_jets = test[:200]
some_before = {name: OBSERVABLES[name](some_jets) for name in SHOWN}


# %%
def before_and_after(angle, soft):
    """Each observable after a split of the hardest particle and a soft particle, against before."""
    new = change.collinear_split(some_jets, 0, z=0.5, angle=angle)
    if soft > 0:
        new = change.soft_added(new, soft, np.random.default_rng(SEED))
    fig, axes = plt.subplots(1, len(SHOWN), figsize=(17, 4))
    for ax, name in zip(axes, SHOWN, strict=True):
        x, y = some_before[name], OBSERVABLES[name](new)
        ends = [min(x.min(), y.min()), max(x.max(), y.max())]
        ax.plot(ends, ends, color="0.6", lw=1)
        ax.plot(x, y, ".", color=plotting.COLOURS["blue"])
        ax.set(
            xlabel=f"{name} before", title=f"moved by {np.median(np.abs(y - x)) / x.std():.3f} σ"
        )
    axes[0].set_ylabel("after")
    return fig


angle = ipywidgets.FloatSlider(
    0.1, min=0, max=0.4, step=0.05, description="angle", continuous_update=False
)
soft = ipywidgets.FloatSlider(
    0, min=0, max=20, step=1, description="soft [GeV]", continuous_update=False
)
try_it(before_and_after, angle=angle, soft=soft)

# %% [markdown]
# ### Exercise 1.2: safe or not?
#
# Decide for four numbers whether they are infrared *and* collinear safe: `True` or `False`. The
# dispersion is $\sqrt{\sum_i z_i^2}$, where $z_i$ is the share of particle $i$ in the transverse momentum.

# %%
# BEGIN SOLUTION
safe = {"mass": True, "width": True, "multiplicity": False, "pt_dispersion": False}
# END SOLUTION

# %% [markdown] tags=["hint"]
# Make two thought experiments for each number. First replace a particle by two halves at the same place,
# then add a particle without energy. A safe number changes in neither. You can also try it:
# `OBSERVABLES["width"](changes["mirrored"])`, with `OBSERVABLES` from
# `hepml_lite.jet_physics.observables.catalogue`, computes such a number.

# %%
safe = check("1.2", safe)

# %% [markdown]
# **Explain.** And the ratios $\tau_{21}$ and $D_2$? They are quotients of two safe numbers, and neither safe nor
# unsafe: where the denominator goes to zero, a soft particle can change the quotient by any amount. But such
# jets are rare, because QCD suppresses jets without radiation (the Sudakov factor). Their distributions can be
# computed after a resummation: they are *Sudakov safe*.

# %% [markdown]
# ## 3 · Pairs: what a boost cannot change
#
# A graph connects every pair of particles by an edge. The best number for an edge is one on which all
# observers agree: the mass of the pair.
#
# ### Exercise 1.3: masses of pairs
#
# For massless particles $m_{ij}^2 = (p_i + p_j)^2 = 2\,p_i \cdot p_j$. Write it in terms of $p_T$, $\eta$
# and $\phi$, for all pairs at once.


# %%
def pair_mass_squared(pt, eta, phi):
    """m² (P, P) in GeV² of every pair of the massless particles pt, eta, phi (P,)."""
    # BEGIN SOLUTION
    eta_gap, phi_gap = (x[:, None] - x[None, :] for x in (eta, phi))
    return 2 * np.outer(pt, pt) * (np.cosh(eta_gap) - np.cos(phi_gap))
    # END SOLUTION


# %% [markdown] tags=["hint"]
# $p = p_T\,(\cosh\eta, \cos\phi, \sin\phi, \sinh\eta)$. Multiply two of them, with a minus for the last
# three products, and use $\cosh a\cosh b - \sinh a \sinh b = \cosh(a - b)$.

# %% [markdown] tags=["hint"]
# `x[:, None] - x[None, :]` holds all differences, (P, P); `np.outer(pt, pt)` holds all products.

# %%
pair_mass_squared = check("1.3", pair_mass_squared)


# %%
def heaviest_pairs(jets):
    """The masses of the three heaviest pairs among the particles of a jet, in GeV."""
    pt, eta, phi = jets.constituents[0][jets.mask[0]].astype(float).T
    m2 = pair_mass_squared(pt, eta, phi)
    return np.sqrt(np.sort(m2[np.triu_indices(len(pt), 1)])[::-1][:3])


for name, seen in (
    ("as it is", jet),
    ("boosted along the beam", change.boosted(jet, 0.5)),
    ("boosted sideways", change.lorentz_boosted(jet, np.array([0.3, 0.2, 0.0]))),
):
    pairs = ", ".join(f"{m:.2f}" for m in heaviest_pairs(seen))
    print(f"{name:>24}: pT {seen.pt[0]:.0f} GeV; heaviest pairs {pairs} GeV")

# %% [markdown]
# ## 4 · The same labels for every view
#
# Now a network learns from each view. Each gets the same few labelled jets and the same small network
# (two hidden layers). For comparison, "set, PFN" is a network that is *built* for sets and reads the
# particles themselves.
#
# **Predict.** Rank the views: which is best with this number of labels? Which is last?


# %%
def learn(numbers, labels):
    """Train a small network on standardised numbers (N, F); return it as a function of numbers."""
    mean, spread = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6

    def inputs(numbers):
        return (np.clip((numbers - mean) / spread, -10, 10),)

    torch.manual_seed(SEED)
    network = MLP((numbers.shape[1], 64, 64, 2), dropout=0.2)
    return trained(network, inputs, numbers, labels)


# %%
def trained(network, inputs, examples, labels):
    """Train on inputs(examples); return the score of others, the parameters and the seconds."""
    start = time.perf_counter()
    training.fit(
        network,
        (*inputs(examples), labels),
        training.cross_entropy,
        epochs=sizes.epochs,
        batch_size=64,
        learning_rate=2e-3,
        schedule=training.cosine,
        seed=SEED,
        progress=False,
    )

    def score(others):
        return training.predict_probability(network, inputs(others))[:, 1]

    return score, training.count_parameters(network), time.perf_counter() - start


# %%
labelled = train[: sizes.labels]
learned = {name: learn(view(labelled), labelled.label) for name, view in VIEWS.items()}
torch.manual_seed(SEED)
flow = ParticleFlowNetwork(n_features=3)
learned["set, PFN"] = trained(flow, network_inputs, labelled, labelled.label)

# %%
read = {**VIEWS, "set, PFN": lambda jets: jets}
aucs = {
    name: metrics.bootstrap(
        metrics.auc, test.label, score(read[name](test)), sizes.bootstraps, SEED
    )
    for name, (score, _, _) in learned.items()
}
print(f"{len(labelled)} labelled jets\n{'':>13}{'AUC':>24}{'parameters':>12}{'seconds':>9}")
for name, (_, parameters, seconds) in sorted(learned.items(), key=lambda r: -aucs[r[0]].value):
    print(f"{name:>13}{aucs[name]!s:>24}{parameters:>12,}{seconds:>9.1f}")

# %% [markdown]
# **Explain.** The table above is the answer. With few labels, knowledge wins: seven observables beat hundreds of
# raw numbers. The four-vectors *contain* everything and are last: the network would have to discover that the
# azimuth and the order mean nothing. With many more labels the differences shrink, as section 9 shows. (The
# errors are those of the test jets; another training moves each row by about as much, so neighbours in the
# table may change places.)
#
# ### What a safe network looks at
#
# An **energy flow network** is a PFN in which the momentum enters only as a weight: $F(\sum_i z_i \Phi(\eta_i, \phi_i))$.
# So it is safe by construction, and each of the 256 outputs of $\Phi$ is a picture: a *filter* in the plane of η and
# φ, with which the jet is weighed. Here are the contours at half height of the filters of a trained EFN.

# %%
from hepml_lite.tagging.trained import trained_tagger

efn = trained_tagger("EFN").network
reach = np.linspace(-0.8, 0.8, 81)
plane = np.stack(np.meshgrid(reach, reach, indexing="ij"), -1)  # (81, 81, 2): η and φ
filters = efn.filters(torch.tensor(plane / 0.3, dtype=torch.float32)).numpy()  # (81, 81, 256)
used = np.flatnonzero(filters.max(axis=(0, 1)) > 0)


# %%
fig, ax = plt.subplots(figsize=(7, 6))
for number, k in enumerate(used):
    colour = plt.cm.viridis(number / len(used))
    ax.contour(
        reach,
        reach,
        filters[..., k].T,
        [filters[..., k].max() / 2],
        colors=[colour],
        linewidths=0.7,
    )
ax.set(
    xlabel="Δη",
    ylabel="Δφ",
    title=f"{len(used)} of {filters.shape[-1]} filters are not zero everywhere",
)
plt.show()
area = (filters > filters.max(axis=(0, 1)) / 2).sum(axis=(0, 1))[used] * (reach[1] - reach[0]) ** 2
print(
    f"area at half height: from {np.quantile(area, 0.1):.2f} to {np.quantile(area, 0.9):.2f} (80 %)"
)
print(f"the jet: {np.pi * 0.8**2:.2f}")

# %% [markdown]
# **Explain.** In the paper, filters of quark and gluon jets are pixels that get smaller towards the core of the
# jet, as the radiation of QCD does. Look whether this happens here: most filters of this network, with a
# hundredth of the jets, are half-planes and broad sectors. They measure where the momentum is, not how it is
# split at small angles.
#
# ## 5 · All safe observables at once
#
# Energy flow polynomials [1] are sums over all choices of particles. There is one for each multigraph:
# every vertex is the share $z$ of a particle, every edge an angle. The graph of a triangle, for example, is
# $\sum_{ijk} z_i z_j z_k\, \theta_{ij}\, \theta_{jk}\, \theta_{ki}$, with three edges: degree 3. Any safe observable is a
# *linear* combination of the polynomials of *all* graphs. A graph in two pieces is the product of two
# polynomials; without them a linear combination misses products. So a straight cut in the whole space should do
# as well as a network.
#
# **Predict.** How many polynomials are needed to match the best network of the table above?

# %%
from hepml_lite.jet_physics.observables.energy_flow_polynomials import (
    energy_flow_polynomials,
    linear_classifier,
)

by_degree = {}
for connected, numbers in ((True, (2, 4, 9, 21)), (False, (2, 5, 13, 36))):
    polynomials = [energy_flow_polynomials(jets, 4, prime=connected) for jets in (labelled, test)]
    kind = "connected graphs" if connected else "all graphs"
    for degree, columns in enumerate(numbers, 1):
        use = slice(1, columns)  # column 0 is 1 for every jet
        cut = linear_classifier(polynomials[0][:, use], labelled.label)
        score = cut.decision_function(polynomials[1][:, use])
        area = metrics.bootstrap(
            metrics.auc, test.label, score, n_bootstrap=sizes.bootstraps, rng=0
        )
        by_degree[kind, degree] = area
        print(f"{kind:>16} up to degree {degree}: {columns - 1:>3} polynomials, AUC {area}")

# %% [markdown]
# **Explain.** The AUC grows with the degree, and the products add to it at the same degree. Compare the last
# line with the best network of section 4: the number of polynomials in that line is a possible answer, if it has
# reached the network; if not, more edges are needed.

# %% [markdown]
# ## 6 · How far is one jet from another?
#
# A view gives numbers, but physics needs a *distance*. The energy mover's distance [2] is the least work
# that turns one jet into another. Work is energy times the angle over which it is moved.
#
# ### Exercise 1.4: moving energy on a line
#
# On a line the cheapest plan is easy to find. Energies `z` at the places `x` must become energies `w` at
# the places `y`. Both sum to one. Return the least sum of energy times distance.


# %%
def emd_on_a_line(z, x, w, y):
    """Least energy times distance between (z at x) and (w at y), both with total energy 1."""
    # BEGIN SOLUTION
    places = np.sort(np.concatenate([x, y]))
    first = np.array([z[x <= place].sum() for place in places[:-1]])
    second = np.array([w[y <= place].sum() for place in places[:-1]])
    return np.sum(np.abs(first - second) * np.diff(places))
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Stand somewhere on the line. Compare the energy on your left before and after: the difference must pass
# you. Add it up over all places where you can stand.

# %% [markdown] tags=["hint"]
# Between two neighbouring places of `np.sort(np.concatenate([x, y]))` the difference is constant:
# multiply it by the length of the gap.

# %%
emd_on_a_line = check("1.4", emd_on_a_line)

# %%
from hepml_lite.jet_physics.distances.embedding import embed as flatten
from hepml_lite.jet_physics.distances.embedding import nearest_neighbours
from hepml_lite.jet_physics.distances.energy_movers_distance import emd_matrix
from hepml_lite.jet_physics.distances.spectral_distance import spectral_emd_matrix, spectrum

compared = test[: sizes.compared_jets]
start = time.perf_counter()
work = emd_matrix(compared, radius=0.8, norm=True)
middle = time.perf_counter()
spectral = spectral_emd_matrix(spectrum(compared))
end = time.perf_counter()
pairs = len(compared) * (len(compared) - 1) / 2
print(f"energy mover's distance: {1e6 * (middle - start) / pairs:.0f} µs a pair")
print(f"spectral distance:       {1e6 * (end - middle) / pairs:.0f} µs a pair")

# %% [markdown]
# The spectral distance [3] compares the *lists of all pair distances* in the jets instead. It has a closed
# form, so it is far faster. It does not change at all under rotations, mirrors or shifts.
#
# **Predict.** Let the nearest neighbours of each jet vote on its class: how often are they right?

# %%
turned = emd_matrix(compared, radius=0.8, norm=True, aligned=True)
for name, distances in {"energy mover's": work, "… turned": turned, "spectral": spectral}.items():
    neighbours, _ = nearest_neighbours(distances, k=5)
    votes = compared.label[neighbours].mean(axis=1) > 0.5
    right = np.mean(votes == compared.label)
    error = np.sqrt(right * (1 - right) / len(compared))
    print(f"{name:>15} distance: ({100 * right:.0f} ± {100 * error:.0f}) % right, untrained")

fig, axes = plt.subplots(1, 2, figsize=(12, 5.5))
both = {"energy mover's": work, "spectral": spectral}
for ax, (name, distances) in zip(axes, both.items(), strict=True):
    points = flatten(distances, rng=SEED)
    for k, kind in enumerate(compared.names):
        style = plotting.class_style(kind) | {"linestyle": ""}
        ax.plot(*points[compared.label == k].T, **style, label=kind, alpha=0.7)
    ax.set(title=f"{name} distance, flattened", xticks=[], yticks=[])
axes[0].legend()
plt.show()

# %% [markdown]
# **Explain.** Without any training, the neighbours are right far more often than the half that guessing gets. The
# energy mover's distance also depends on how a jet is turned about its axis, which says nothing about its class:
# one can turn all jets upright first, or compare pair distances, which no rotation changes, for a fraction of the
# time. Whether this helps is in the three lines above: with so few jets, lines that agree within their errors
# cannot be told apart.
#
# ## 7 · Views that nobody designed
#
# Labels are expensive, jets are not. A network can learn a view *without labels*, from a task that needs
# none: recognise a jet after a rotation, a smearing and a split (contrastive learning [4]). Of the copies $z, z'$
# of one jet and all other jets $x$ of the batch, the loss (NT-Xent) wants the first two to be similar:
# $-\ln\big[\,e^{s(z, z')/t} / \sum_x e^{s(z, x)/t}\,\big]$, where $s$ is the cosine of the angle between two outputs
# and $t$ is called temperature. Then we freeze the network and train only a straight cut in its outputs, with
# fewer and fewer labels, down to a hundred.
#
# **Predict.** How many labels do raw particles need to be as good as the learned view with a hundred?

# %%
from hepml_lite.self_supervised import contrastive, masked_particles, tokenisation
from hepml_lite.self_supervised.linear_probe import probe_curve, raw_features

unlabelled = train[: sizes.unlabelled_jets]
untrained = contrastive.ContrastiveEncoder()
twin, history = contrastive.train_contrastive(unlabelled, epochs=sizes.unlabelled_epochs, seed=SEED)
print(history)

# %% [markdown]
# Here is another task that needs no labels. We hide some of the particles, and the network guesses them
# from the others, as language models guess words [5]. One way is to make words of the particles: a *tokeniser*
# first sorts all particles into 512 kinds. (It is not the only way: one may also predict the three numbers of
# a particle or their density [6]. `masked_particles` can do the first of these, too.)

# %%
half = max(1, sizes.unlabelled_epochs // 2)
words = tokenisation.Tokeniser(n_codes=512, seed=SEED)
words.fit(unlabelled, epochs=half)
guesser, history = masked_particles.train_masked(
    unlabelled, tokeniser=words, epochs=half, seed=SEED
)
print(f"the hardest particles of a jet as words: {words.encode(jet)[0, :8]}")
lost = words.resolution(test)
print(f"what a word forgets: {100 * lost.pt:.0f} % of pT, {lost.eta:.3f} in η, {lost.phi:.3f} in φ")

# %%
views = {
    "raw particles": raw_features,
    "random network": lambda jets: contrastive.embed(untrained, jets),
    "contrastive": lambda jets: contrastive.embed(twin, jets),
    "guessing hidden particles": lambda jets: contrastive.embed(guesser, jets),
    "seven observables": VIEWS["observables"],
}
numbers = [n for n in (100, 300, 1_000, 3_000, 10_000) if n <= min(sizes.most_labels, len(train))]
curves = {}
for name, view in views.items():
    curves[name] = probe_curve(view(train), train.label, view(test), test.label, numbers, draws=3)
    print(f"{name:>26}: AUC {curves[name][-1].auc} with {numbers[-1]} labels")

# %%
fig, ax = plt.subplots()
for i, (name, curve) in enumerate(curves.items()):
    values = [probe.auc.value for probe in curve]
    errors = np.transpose([probe.auc.errors for probe in curve])
    ax.errorbar(numbers, values, errors, label=name, **plotting.class_style(i))
ax.set(xscale="log", xlabel="labelled jets", ylabel="AUC of a straight cut")
ax.legend(loc="lower right")
plt.show()
few = {name: curve[0].auc for name, curve in curves.items()}
for name, area in few.items():
    print(f"{name:>26}, {numbers[0]} labels: AUC {area}")
print(f"{'raw particles':>26}, {numbers[-1]} labels: AUC {curves['raw particles'][-1].auc}")
way = few["contrastive"].value - few["raw particles"].value
untrained_part = (few["random network"].value - few["raw particles"].value) / way
print(f"of the way from raw to contrastive, the untrained network has {100 * untrained_part:.0f} %")

# %% [markdown]
# **Explain.** A network that was never trained is already better than the raw list: most of the gain is the sum
# over a set, which costs no label. The rest is to know that a rotation or a split changes nothing, and this costs
# no label either. The labels then add only a little: compare the learned view with the fewest labels with the
# raw particles with the most. But look at the last curve, too. Seven observables, which physicists found without
# labels of jets but with much thought, are the opponent to beat.

# %% [markdown]
# ## 8 · Break it
#
# One detector loses one particle in five, another adds noise. Each changes the views in different ways.
#
# **Predict.** Which row of the table in section 4 suffers most from lost particles? Which suffers most from
# noise: ten particles of 1 GeV, spread over the jet?

# %%
from dataclasses import replace

lossy = test.mask & (rng.random(test.mask.shape) > 0.2)
lossy[:, 0] = True
noisy = test
for _ in range(10):
    noisy = change.soft_added(noisy, 1.0, rng, radius=0.8)
detectors = {"as it is": test, "20 % lost": replace(test, mask=lossy), "noise": noisy}

print(f"{'':>13}" + "".join(f"{name:>12}" for name in detectors) + "   (AUC, trained as it is)")
for name, (score, _, _) in learned.items():
    found = [metrics.auc(test.label, score(read[name](jets))) for jets in detectors.values()]
    print(f"{name:>13}" + "".join(f"{auc:>12.3f}" for auc in found))

# %% [markdown]
# **Explain.** The two last columns less the first are the answer. A lost particle moves every softer one up by one
# place in the sequence. Noise fills pixels that were empty before, and the image network has never seen them
# filled. A soft particle far from the axis has little weight in a sum of momenta, but much in a count, in a mass
# and in a high moment. What a view does with soft particles is decided before any training. How much of
# it reaches the score depends on the training as well: another seed changes this table.
#
# ## 9 · What the papers found
#
# These are results on the public top tagging data set, with 1.2 million labelled jets instead of a few
# thousand:

# %%
print(f"{'published':>28}{'AUC':>8}{'1/ε_B (30 %)':>16}{'parameters':>12}")
for name, view in (
    ("Multi-body N-subjettiness 8", "observables"),
    ("CNN", "image"),
    ("P-CNN", "sequence"),
    ("EFN", "set, safe"),
    ("PFN", "set"),
    ("ParticleNet", "graph"),
    ("TreeNiN", "tree"),
    ("LoLa", "four-vectors"),
    ("EFP", "linear in safe observables"),
):
    row = published.top_tagger(name)
    label = f"{name.replace('Multi-body N-subjettiness', 'N-subjettiness')}"
    rejected = f"{row.rejection:g}"
    print(f"{label:>28}{row.auc:>8}{rejected:>16}{row.parameters or '':>12}   {view}")
best = max(auc.value for auc in aucs.values())
print(f"\nours, {len(labelled)} labels: {best:.3f} at best with a network,")
print(
    f"{by_degree['all graphs', 4].value:.3f} with a straight cut in all polynomials up to degree 4"
)

# %% [markdown]
# With enough labels, the AUCs of all views agree within a percent. But read the other column: the rejections differ
# by a factor of three, because the AUC hardly sees the few QCD jets that look most like tops. So the views do not
# hold the same information, at least not in a form that these networks could use. They also differ in how many
# labels, parameters and seconds they need. (Our sample has a coarser detector and at most 30 000 training jets.)
#
# ## Take away
#
# - A representation is a decision about what must not matter.
# - Symmetries can be built in (sums, masses, sorted trees) or learned (augmentation). Built in is cheaper.
# - Infrared and collinear safety is a symmetry, too. It separates what theory can compute from what it
#   cannot.
#
# <details><summary>An image is safe and rotation-proof here. Why do image networks not win?</summary>
#
# An image of 21 × 21 pixels loses angles below 0.08, and most of its pixels are empty. The filled pixels
# differ from jet to jet, so a network sees each of them rarely filled.
#
# </details>
#
# <details><summary>Multiplicity is not safe, and yet it is the best single number to tell quark from gluon jets
# (for tops it is not). Is that wrong?</summary>
#
# No: we can measure it, and the simulation predicts it with a model of hadronisation that was tuned to
# data. But perturbation theory cannot control its uncertainty.
#
# </details>
#
# <details><summary>Why is the mass of a pair the same for all observers, but the order of the particles
# by pT is not?</summary>
#
# $p_i \cdot p_j$ is a Lorentz scalar. $p_T$ is the part of a momentum perpendicular to a chosen direction.
# Only a boost along that direction leaves it unchanged.
#
# </details>
#
# **References.** [1] Komiske, Metodiev, Thaler, *Energy flow polynomials*, arXiv:1712.07124. [2] Komiske,
# Metodiev, Thaler, *The metric space of collider events*, arXiv:1902.02346. [3] Larkoski, Thaler, *A
# spectral metric for collider geometry*, arXiv:2305.03751. [4] Dillon et al., *Symmetries, safety, and
# self-supervision*, arXiv:2108.04253. [5] Golling et al., *Masked particle modelling on sets*,
# arXiv:2401.13537; Birk, Hallin, Kasieczka, *OmniJet-α*, arXiv:2403.05618. [6] Leigh et al., *Is tokenization
# needed for masked particle modelling?*, arXiv:2409.12589.
