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
import pandas as pd

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles
from hepml_lite.checks import check
from hepml_lite.jet_physics.variations import transformations as change
from hepml_lite.representations.figures import seven_views
from hepml_lite.jet_physics.views.seven_views import VIEWS
from widgets import show
from widgets.shared.linked import LinkedViews

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
# <details><summary>Answers</summary>
#
# 1. All but the four-vectors: the others know only pT and differences of rapidity and azimuth. In the table,
#    $E^2 - p_z^2 = p_x^2 + p_y^2$ (massless particles) stays, the squared transverse momentum.
# 2. The sequence and the masses of pairs notice the split itself, at angle zero: there is a particle more. Image, set
#    and tree do not; the image sees it when the halves are in different pixels. A pixel is 1.6/21 = 0.08 wide, but a
#    half at the edge of a pixel crosses it earlier.
# 3. The mass changes by about $\sqrt{m^2 + p_T\,p_{T,\text{soft}} \Delta R^2} - m$. So it depends on the jet: look for
#    the Δ/σ in the table that equals that of one particle.
# 4. Often, but not always: distances see prongs and width, not what they came from. Z is reached soon.
# 5. Those with coordinates (sequence, set, four-vectors) move and come back. The image is turned upright first; masses
#    and splittings depend on distances only, so they hardly move.
#
# </details>
#
# ## A map of 5000 jets
#
# A distance makes a map: jets that are alike lie side by side. Choose a distance, draw a box in any of the views,
# and see the same jets in all others, and their mean picture. (The spectral distance compares lists of pair
# distances; "observables" takes mass, multiplicity and τ₃₂ in units of their spread; "image" the root of the
# momentum in pixels.)
#
# **Predict.** Where are the top jets on the map: in a corner of their own, or everywhere?

# %%
from sklearn.decomposition import PCA

from hepml_lite.jet_physics.distances.spectral_distance import quantile_functions, spectrum
from hepml_lite.jet_physics.observables.catalogue import OBSERVABLES
from hepml_lite.jet_physics.views.images import images

DISTANCE = "spectral"  # or "observables", "image"

many = load("jet_classes")[: sizes.mapped_jets]
numbers = {name: OBSERVABLES[name](many) for name in ("mass", "multiplicity", "tau32")}
pictures = images(many, 21)[:, 0]  # (N, 21, 21), turned upright


def coordinates(distance):
    """Vectors (N, D) whose Euclidean distance is the one asked for."""
    if distance == "spectral":
        return quantile_functions(spectrum(many))
    if distance == "image":
        return np.sqrt(pictures).reshape(len(many), -1)
    table = np.column_stack(list(numbers.values()))
    return (table - table.mean(axis=0)) / table.std(axis=0)


# %%
flat = PCA(2, random_state=SEED).fit_transform(coordinates(DISTANCE))
table = pd.DataFrame({"map 1": flat[:, 0], "map 2": flat[:, 1]})
table["mass [GeV]"] = numbers["mass"]
table["particles"] = numbers["multiplicity"]
table["τ32"] = numbers["tau32"]
pairs = [("map 1", "map 2"), ("mass [GeV]", "particles"), ("mass [GeV]", "τ32")]
views = LinkedViews(table, pairs, images=pictures)
views

# %%
chosen = many.label[views.selected().index]
for k, name in enumerate(many.names):
    share = np.mean(chosen == k)
    print(
        f"{name:>6}: {100 * share:5.1f} % of the {len(chosen)} selected jets, {np.mean(many.label == k):.0%} of all"
    )

# %% [markdown]
# **Explain.** Run the last cell again after each selection. Of the spectral map, the first axis is mostly the size of
# the jet: mass and distance of the prongs. So the heavy particles are on one side, but the map of *two* numbers
# cannot keep three prongs apart from two that are wide. What looks like a group on a map need not be one, and jets
# that lie side by side may differ in what was flattened.
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
# 0.25 for the Higgs. All six kinds share a bump near 0.07. It is not physics: it comes from the detector, whose
# cells are 0.1 wide. Which bumps would move if the jets had 2 TeV?
#
# Have quark and gluon jets a scale of their own? At large angles hardly: the splittings of QCD are alike at all
# angles, and their correlator is nearly flat in $\ln\Delta R$. But at $p_T \Delta R$ of a few GeV quarks and gluons become
# hadrons, and the correlator turns over. The `quark_gluon` jets have no detector and show it.
#
# ## QCD, read off two plots
#
# To lowest order, the primary Lund plane of a jet is flat: its density is
# $\frac{2\alpha_s(k_T)}{\pi}\,C$ in each unit of $\ln 1/\Delta R$ and $\ln k_T$, with $C_F = 4/3$ for quarks and
# $C_A = 3$ for gluons. So the ratio of gluons to quarks should be $C_A/C_F = 2.25$, and the density gives $\alpha_s$.
#
# **Predict.** Where in the plane will the ratio be closest to 2.25: at large or at small $k_T$?

# %%
from hepml_lite.jet_physics.observables.lund import lund_densities

flavours = load("quark_gluon")[: sizes.flavour_jets]
angles = np.linspace(1, 3, 5)  # ln 1/ΔR: inside the jet of R = 0.4, outside of the core
levels = np.linspace(0, 4, 9)  # ln k_T from 1 to 55 GeV
densities = lund_densities(flavours, angles, levels)
counted = {name: len(flavours.of_class(name)) for name in densities}
area = np.ptp(angles) * np.diff(levels)[0]
plane = {name: d.mean(axis=0) for name, d in densities.items()}  # over angles, (K,)
errors = {name: np.sqrt(plane[name] / counted[name] / area) for name in plane}
kt = np.exp((levels[1:] + levels[:-1]) / 2)


def running_coupling(scale, at_z=0.118, flavours=5):
    """α_s at a scale in GeV, to one loop; frozen below 1 GeV."""
    slope = (33 - 2 * flavours) / (12 * np.pi)
    return at_z / (1 + 2 * slope * at_z * np.log(np.maximum(scale, 1) / 91.2))


# %%
fig, axes = plt.subplots(1, 2, figsize=(14, 5))
for name, colour_factor in {"quark": 4 / 3, "gluon": 3}.items():
    style = plotting.class_style(name)
    axes[0].errorbar(kt, plane[name], errors[name], label=name, **style | {"linestyle": ""})
    expected = 2 * running_coupling(kt) * colour_factor / np.pi
    axes[0].plot(kt, expected, **style | {"marker": ""}, label=f"{name}, lowest order")
ratio = plane["gluon"] / plane["quark"]
relative = np.hypot(*(errors[name] / plane[name] for name in plane))
axes[1].errorbar(kt, ratio, ratio * relative, fmt="o", color="black")
axes[1].axhline(9 / 4, color="grey", ls="--", label="$C_A/C_F$")
axes[0].set(xscale="log", xlabel="$k_T$ [GeV]", ylabel="splittings per unit of the Lund plane")
axes[1].set(xscale="log", xlabel="$k_T$ [GeV]", ylabel="gluon / quark")
for ax in axes:
    ax.set_xticks([1, 3, 10, 30], ["1", "3", "10", "30"])
    ax.xaxis.set_minor_formatter("")
    ax.legend()
plt.show()

# %%
for k, scale in enumerate(kt):
    coupling = np.pi * plane["quark"][k] / (2 * 4 / 3)
    error = np.pi * errors["quark"][k] / (2 * 4 / 3)
    print(
        f"k_T {scale:5.1f} GeV: gluon/quark {ratio[k]:.2f} ± {ratio[k] * relative[k]:.2f}, ", end=""
    )
    print(f"α_s of quark jets {coupling:.3f} ± {error:.3f}; one loop {running_coupling(scale):.3f}")

# %% [markdown]
# **Explain.** The density rises towards small $k_T$, as $\alpha_s$ does; below 2 or 3 GeV much more than that, because
# hadronisation adds particles there. At the right end a splitting takes a good share of the jet, and few are left. So
# only the middle of the table can be compared with a coupling, and even there only its size: lowest order knows one
# gluon and no conservation of energy. The ratio of gluons to quarks is smallest at small $k_T$, where both kinds get
# particles from hadronisation, and stays below 2.25 elsewhere, too: a quark jet also holds gluons that split again, and
# a gluon becomes a pair of quarks now and then.
#
# The energy–energy correlator knows another scale. With confinement, it turns over where $p_T\,\Delta R$ is a few GeV.

# %%
fig, ax = plt.subplots(figsize=(9, 5))
edges = np.geomspace(0.002, 0.8, 41)
for name, correlator in mean_correlators(flavours, edges).items():
    middle = np.sqrt(correlator.edges[1:] * correlator.edges[:-1])
    transverse = middle * flavours.pt.mean()
    style = plotting.class_style(name) | {"marker": ""}
    ax.errorbar(transverse, correlator.density, correlator.error, label=name, **style)
    print(f"{name:>6}: largest at pT ΔR = {transverse[np.argmax(correlator.density)]:.0f} GeV")
ax.set(xscale="log", xlabel=r"$p_T\,\Delta R$ [GeV]", ylabel="energy-energy correlator")
ax.legend()
plt.show()

# %% [markdown]
# **Explain.** Right of its peak, a jet behaves as quarks and gluons do; left of it, as a cloud of free hadrons. Gluon jets
# turn over at a larger scale, because they radiate more.
#
# ## Is a plane the right paper for a map?
#
# A tree does not fit into a plane: its branches double with each level, while a circle grows in proportion to its
# radius. In the **hyperbolic plane** circles grow exponentially, so a tree has room. (It is drawn as a disk: a point at
# $r$ is $2\,\mathrm{artanh}\,r$ from the centre, and all that is far away is squeezed to the rim.) Jets are made by
# splittings, so papers have mapped events, and the particles of a jet, into it. Does it help the energy mover's
# distance of jets? We draw both maps, each with the smallest root mean square of (distance on the map / distance − 1)
# that a descent finds. There are three other sets whose answer is known: random points in a plane, random points in
# five dimensions, the nodes of one jet's clustering tree.
#
# **Gromov's $\delta$** asks without a map. Of any four points, add the distances in two pairs, in three ways: in a tree
# the two largest sums are equal. We print twice their mean $\delta$, relative to the largest distance of the four. A
# tree has 0.
#
# **Predict.** Which of the sets come out better in the hyperbolic plane? Is it the same as having a small $\delta$?

# %%
from scipy.spatial.distance import pdist, squareform

from hepml_lite.jet_physics.distances import hyperbolic, tree_likeness
from hepml_lite.jet_physics.distances.energy_movers_distance import emd_matrix


def distances_of(rng):
    """Distances (N, N) in the jets of one draw, and in three sets to compare with."""
    drawn = jets[rng.permutation(len(jets))[: sizes.drawn_jets]]
    tree = tree_likeness.clustering_tree(drawn[:1].truncate(len(drawn) // 2))
    return drawn, {
        "jets": emd_matrix(drawn, radius=0.8, norm=True),
        "jets, turned upright": emd_matrix(drawn, radius=0.8, norm=True, aligned=True),
        "points in a plane": squareform(pdist(rng.normal(size=(len(drawn), 2)))),
        "points in 5 dimensions": squareform(pdist(rng.normal(size=(len(drawn), 5)))),
        "tree of one jet": tree_likeness.path_lengths(tree),
    }


# %%
errors = {}  # of the Euclidean and the hyperbolic map, and of one number for all distances
for seed in range(3):
    drawn, sets = distances_of(np.random.default_rng(seed))
    for name, distances in sets.items():
        flat_map = hyperbolic.euclidean_map(distances, sizes.drawing_steps, seed)
        curved_map = hyperbolic.hyperbolic_map(distances, sizes.drawing_steps)
        if name == "jets":
            maps = drawn, flat_map, curved_map  # of the last seed, for the figure
        found = [hyperbolic.relative_error(m.distances, distances) for m in (flat_map, curved_map)]
        found += [hyperbolic.error_of_a_constant(distances)]
        found += [tree_likeness.four_points(distances, rng=seed).mean]
        errors.setdefault(name, []).append(found)
    print(f"seed {seed} done", flush=True)

# %%
print(f"{'':>22}{'one number':>12}{'Euclidean':>11}{'hyperbolic':>12}{'difference':>18}{'δ':>8}")
for name, found in errors.items():
    flat, curved, floor, delta = np.mean(found, axis=0)
    gains = np.subtract(*np.transpose(found)[:2])  # of each seed, on the same distances
    gain = f"{gains.mean():.3f} ± {gains.std(ddof=1) / np.sqrt(3):.3f}"
    print(f"{name:>22}{floor:>12.3f}{flat:>11.3f}{curved:>12.3f}{gain:>18}{delta:>8.3f}")

# %%
drawn, flat_map, curved_map = maps
fig, axes = plt.subplots(1, 3, figsize=(15, 5), gridspec_kw={"width_ratios": [1, 1, 1.2]})
for k, name in enumerate(drawn.names):
    style = plotting.class_style(name) | {"linestyle": ""}
    for ax, one in zip(axes, (flat_map, curved_map), strict=False):
        ax.plot(*one.points[drawn.label == k].T, label=name, **style)
axes[0].set(title="Euclidean plane", xlabel="map 1 (relative work)", ylabel="map 2", aspect="equal")
axes[1].add_patch(plt.Circle((0, 0), 1, fill=False))
axes[1].set(title="hyperbolic plane, as a disk", xlabel="$x$", ylabel="$y$", aspect="equal")
axes[1].legend(fontsize="small", ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.15))
for k, (name, found) in enumerate(errors.items()):
    for seed, (flat, curved, *_) in enumerate(found):
        axes[2].plot(
            [0, 1], [flat, curved], label=name if seed == 0 else None, **plotting.class_style(k)
        )
axes[2].set_xticks([0, 1], ["Euclidean", "hyperbolic"])
axes[2].set(title="three seeds", ylabel="relative error of distances", xlim=(-0.2, 1.2))
axes[2].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# **Explain.** Jets do lie better in the hyperbolic plane, in each of three draws. But so do random points in five
# dimensions, which are no tree at all: they need room, and it has more room than the Euclidean plane. Only points of a
# plane lose. So a better map does not prove a tree. Of the jets' gain most goes when they are turned upright first: the
# angle about the axis needed room, not the shower. The tree of one jet gains most, as it should. Its map is not exact
# either, because the descent stops in one of many minima.
#
# $\delta$ agrees: 0 for the tree, and for jets nearer to that of random points than to 0. It has a trap of its own: in many
# dimensions all distances are nearly equal, as between the leaves of a star, and $\delta$ falls without any tree. So the
# shower of one jet is a tree, but the energy mover's distance between jets shows little of it.
#
# ## How round is an event?
#
# **Event isotropy** is the energy mover's distance of an event to an even spread: 0 is round, 1 is a pair of
# particles back to back. It needs a geometry: a *sphere* for lepton colliders, a *ring* or a *cylinder* for the LHC,
# a *disk* for a jet. Some events have exact answers.
#
# **Predict.** Which is rounder on the sphere: six particles along the axes, or twenty in random directions?

# %%
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.distances import event_isotropy

random_axes = np.random.default_rng(SEED)


def event(directions):
    """One event of equal massless particles in these directions (n, 3)."""
    x, y, z = directions.T / np.linalg.norm(directions, axis=1)
    transverse = np.hypot(x, y)
    rows = np.stack([50 * transverse, np.arcsinh(z / transverse), np.arctan2(y, x)], axis=-1)
    return Jets(rows[None])


# %%
tilted = np.linalg.qr(np.ones((3, 3)) + np.eye(3))[0]  # three axes, none along the beam
ideal = {
    "two, back to back": np.array([tilted[0], -tilted[0]]),
    "six, along axes": np.vstack([tilted, -tilted]),
    "twenty, random": random_axes.normal(size=(20, 3)),
    "two hundred, random": random_axes.normal(size=(200, 3)),
}
for name, directions in ideal.items():
    one = event(directions)
    sphere, ring = event_isotropy.sphere_isotropy(one)[0], event_isotropy.ring_isotropy(one)[0]
    cylinder = event_isotropy.cylinder_isotropy(one, 3.0)[0]
    print(f"{name:>20}: sphere {sphere:.3f}, ring {ring:.3f}, cylinder {cylinder:.3f}")

# %%
round_jets = jets[: sizes.round_jets]
isotropy = event_isotropy.disk_isotropy(round_jets, 0.8)
fig, ax = plt.subplots()
of_class = {name: isotropy[round_jets.label == k] for k, name in enumerate(round_jets.names)}
plotting.histogram(ax, of_class, np.linspace(0.4, 1.0, 25), "isotropy on the disk", density=True)
plt.show()
for name, values in of_class.items():
    error = values.std() / np.sqrt(len(values))
    print(f"{name:>6}: mean {values.mean():.3f} ± {error:.3f}")

# %% [markdown]
# **Explain.** Twenty random particles are rounder than six in perfect order, but random directions are never even:
# they leave holes, and the energy must move into them. The
# geometries do not agree, because ring and cylinder weigh with $p_T$ and the ring does not see the beam. A jet is far from an
# even disk: near 1, all is in the middle. Kinds of jets with wide prongs lie lower: which ones, say the means.
#
# ## Which jet comes from which quark?
#
# A top pair with one lepton has four quarks, two of them of a W, and up to six jets: up to 180 ways to assign them.
# The classical answer is the $\chi^2$ of the masses of W and tops, which also looks at the b tags. **CoCo** (contrastive
# combinatorics) learns points for the jets of an event: jets of one parent are pulled together, all others pushed
# apart. It needs the true parents of a simulation. A contrast *without* labels takes **mixed events**, whose jets come
# from different events: none of their pairs is a W. It learns what real assignments have and mixed ones have not.
#
# **Predict.** Guessing is right in one event out of twenty. How far can the contrast without labels go, and is CoCo
# better than the masses?

# %%
from hepml_lite.representations.jet_assignment import results as assigned
from hepml_lite.representations.jet_assignment.chi_square import ChiSquare
from hepml_lite.representations.jet_assignment.mixed_events import MixedEventContrast
from hepml_lite.representations.jet_assignment.top_pairs import TopPairs, chance, efficiency

tops, judged = (TopPairs.of(load("ttbar_events", split=part)) for part in ("train", "test"))
tops, judged = tops[: sizes.top_pairs], judged[: sizes.top_pairs]
masses = ChiSquare.fit(tops)
unlabelled = MixedEventContrast(iterations=50).fit(tops, SEED)
print(f"{judged.complete.mean():.0%} of the events have one jet for each quark")
print(f"guessing is right in {chance(judged):.3f} of them", flush=True)
for name, method in {"χ², masses and tags": masses, "mixed events": unlabelled}.items():
    print(f"{name:>20}: right in {efficiency(judged, method.score(judged))} of them")

# %%
stored = assigned.read()  # three seeds of `benchmarks/jet_assignment.py`
print(f"{stored.training_events} events to learn from; guessing {stored.chance:.3f}")
stored.table()

# %% [markdown]
# **Explain.** The table has three seeds of each method; its errors contain their spread and that of the test events.
# The second column says which of them are better than $\chi^2$ on the same events. A contrast without labels is far
# above guessing, although nobody told it a mass. But a real event differs from a mixed one in other ways as well, and
# it learns these, too. Its seeds differ by more than those of all others. With so few events CoCo stays below
# $\chi^2$ with tags: it must find the masses of pairs in the momenta of jets, while $\chi^2$ and the supervised network
# get them. What more events would do for it is not measured here. In most events at least one quark has no jet of its
# own: nobody can assign these, and an experiment sees them all the same.
#
# ## A jet, read like a sentence
#
# Language models learn by guessing the next word. **OmniJet-α** does so with jets: a tokeniser makes one of 512 words
# of each particle, and a transformer reads them from the hardest on and guesses what comes next, a word or the end.
# No label is needed. Its guesses can be drawn, and then it *writes* jets (see the tutorial on generation). Here we ask
# what it knows of the jets that it reads. It may read the words, or the particles themselves and guess only words.
#
# **Predict.** Which is worth more with 100 labels: a trained network that reads words, or one that reads particles
# and was never trained?

# %%
from hepml_lite.self_supervised import next_token, tokenisation
from hepml_lite.self_supervised.contrastive import embed
from hepml_lite.self_supervised.linear_probe import probe_curve

reading, judging = (load("top_tagging", PROFILE, part) for part in ("train", "test"))
reading, judging = reading[: sizes.read_jets], judging[: sizes.read_jets]
words = tokenisation.Tokeniser(n_codes=512, seed=SEED)
words.fit(reading, epochs=5)
reader, history = next_token.train_next_token(reading, words, seed=SEED)
print(history)

# %%
paid = {
    "how often, at this place": next_token.surprises_by_frequency(words, reading, judging),
    "given all words before": next_token.surprises(reader, judging),
}
fig, ax = plt.subplots(figsize=(9, 5))
for k, (name, surprise) in enumerate(paid.items()):
    surprise = surprise[:, :-1]  # after the last place nothing is asked
    number = np.isfinite(surprise).sum(axis=0)
    error = np.nanstd(surprise, axis=0) / np.sqrt(number)
    places = np.arange(1, len(number) + 1)
    ax.errorbar(places, np.nanmean(surprise, axis=0), error, label=name, **plotting.class_style(k))
    mean = np.nanmean(surprise)
    print(f"{name:>25}: {mean:.2f} nats a word, as if {np.exp(mean):.0f} words were equally likely")
ax.set(xlabel="place in the jet, in falling pT", ylabel="surprise $-\\ln p$ [nats]")
ax.legend()
plt.show()

# %%
import torch

torch.manual_seed(SEED)  # of the untrained networks
live = {
    "reads words, trained": reader,
    "reads words, untrained": next_token.NextTokenModel(words, reads_tokens=True),
    "reads particles, untrained": next_token.NextTokenModel(words, reads_tokens=False),
}
views = {name: (embed(model, reading), embed(model, judging)) for name, model in live.items()}
views["seven observables"] = VIEWS["observables"](reading), VIEWS["observables"](judging)
for name, (known, asked) in views.items():
    probe = probe_curve(known, reading.label, asked, judging.label, [100], draws=3, seed=SEED)[0]
    print(f"{name:>27}: AUC {probe.auc} with 100 labels")

# %% [markdown]
# These are one training on few jets. The table has three seeds, each with its own 10 000 jets to read and its own
# labels. In a seed all methods are given the same labels, so the second and fourth columns are paired differences.

# %%
from hepml_lite.representations import few_labels

stored = few_labels.read()  # three seeds of `benchmarks/few_labels.py`
print(f"{stored.unlabelled} jets without labels, {stored.draws} draws of the labels in each seed")
stored.table("masked particles")

# %%
for first, second in (
    ("next token, reads tokens", "reads tokens, untrained"),
    ("next token, reads particles", "reads particles, untrained"),
    ("reads particles, untrained", "next token, reads tokens"),
    ("masked particles", "next token, reads particles"),
    ("seven observables", "next token, reads particles"),
):
    for n in stored.numbers:
        gain = stored.difference(first, second, n)
        print(f"{n:5d} labels: {first} less {second}: {gain}")

# %% [markdown]
# **Explain.** The network is surprised less than the frequencies of words are, but not at the first places: before the
# first word nothing is known. (With as few jets as at `smoke` it knows less than the frequencies.) What it has learned
# is worth much if it reads words: without training, a word means nothing. But whoever reads the particles has their angles
# and momenta at once, and the same network is worth as much with 100 labels, *untrained*, and more with 1000. So the
# training of the reader of words brings back what the words had hidden; to the reader of particles it adds 0.01. That
# words should be guessed but not read was also found on much larger samples (arXiv:2512.04149). That paper also found
# hidden particles to be the better task; here the two cannot be told apart.
#
# None of the ways to learn without labels reaches seven observables here, neither with 100 nor with 1000 labels. With
# 10 000 jets and a minute of training, this says little about foundation models, which read thousands of times as many
# and are then trained on as a whole: our straight cut only asks what lies open in the representation.
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
# *Energy flow polynomials*, arXiv:1712.07124. Komiske, Metodiev, Thaler, arXiv:1902.02346. Birk, Hallin, Kasieczka,
# *OmniJet-α*, arXiv:2403.05618; Birk et al., arXiv:2512.04149. Nickel, Kiela, *Poincaré embeddings*, arXiv:1705.08039.
# Park, Harris, Ostdiek, *Neural embedding*, arXiv:2208.05484. Woodward et al., *Product manifold machine learning for
# physics*, arXiv:2412.07033.
