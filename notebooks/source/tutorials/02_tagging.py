# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The landscape of top taggers
#
# ![Background rejection of our taggers against their number of parameters](../../docs/images/landscape.png)
#
# In 2019 the field held a competition. Everybody got the same two million jets and one question: *top or
# not?* [1] You will repeat it with smaller samples. You write the first network by hand. You train a graph
# network, a transformer and a network that knows special relativity while you watch. You compare them with
# all others, with honest errors, and then you break them.

# %% [markdown] tags=["objectives"]
# **After this notebook you can**
#
# - build a tagger for sets of particles by hand (exercise 2.2), and write the core of a transformer (exercise 2.3)
#   and of a network that knows relativity (exercise 2.4);
# - compare taggers by their background rejection, with its error (exercise 2.1);
# - measure how far a tagger has bent the mass of the background (exercise 2.5).
#
# You also see a graph network, what another shower or energy scale does to a tagger, and a training without a
# single label.
#
# **You need** NumPy, a little PyTorch, and the notebook *Start here*.

# %% tags=["parameters"]
PROFILE = "lesson"  # smoke: a quick test; lesson: a class; paper: a large sample and a GPU
SEED = 1
SOURCE = None  # "public": the data set of the papers, 1.2 million training jets, from the network
RETRAIN = False  # True: train the stored taggers of section 6 anew, which takes more than an hour

# %%
import copy
from dataclasses import replace

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch import nn

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles, training
from hepml_lite.checks import check
from hepml_lite.course.try_it import try_it
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.tagging import landscape, published
from hepml_lite.tagging.landscape_table import published_rows, shown, table
from hepml_lite.tagging.training_recipes import TAGGERS
from widgets.tagging.dashboard import stored_sample

plotting.use_style()
sizes = profiles.sizes("02_tagging", PROFILE)
print(sizes)

# %%
train, val, test = (
    load("top_tagging", PROFILE, split, source=SOURCE) for split in ("train", "val", "test")
)
train = train[: sizes.train_jets]
print("to learn from:", train)
print("to judge with:", test)

# %% [markdown]
# ## 1 · What physicists knew before
#
# A top jet has a mass of 172 GeV and three prongs, and two of the prongs have the mass of a W. A cut on
# the mass uses the first fact. Boosted trees on a dozen observables use all three.
#
# **Predict.** How much can a network add: will it remove half of the background that passes the trees, or
# a tenth?

# %%
before = {name: TAGGERS[name]().fit(train, seed=SEED) for name in ("mass", "trees")}
scores = {name: tagger.score(test) for name, tagger in before.items()}
live = {
    name: landscape.judged(
        name, test.label, score, before[name].n_parameters, sizes.bootstraps, SEED
    )
    for name, score in scores.items()
}
for row in live.values():
    print(
        f"{row.name:>6}: AUC {row.auc}, 1/ε_B at ε_S = 0.3: {row.rejection_30}, at 0.5: {row.rejection_50}"
    )

# %% [markdown]
# ### Exercise 2.1: background rejection, with its error
#
# This is the figure of merit of the field. Choose the threshold that keeps a share `efficiency` of the
# tops. Count how many QCD jets there are for each one that passes: $1/\varepsilon_B$. If $k$ of $n$ jets
# pass, the share $\varepsilon = k/n$ has the error $\sqrt{\varepsilon(1-\varepsilon)/n}$. Propagate it to
# $1/\varepsilon_B$.


# %%
def rejection(labels, scores, efficiency):
    """1/eps_B at this signal efficiency and its error; labels (N,), 1 for top; scores (N,)."""
    # BEGIN SOLUTION
    background = scores[labels == 0]
    threshold = np.quantile(scores[labels == 1], 1 - efficiency)
    passed = np.mean(background >= threshold)
    error = np.sqrt(passed * (1 - passed) / len(background))
    return 1 / passed, error / passed**2
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Which quantile of the *tops'* scores lets 30 % of them pass? Tops have high scores.

# %% [markdown] tags=["hint"]
# If $r = 1/\varepsilon$ then $\sigma_r = \sigma_\varepsilon / \varepsilon^2$.

# %%
rejection = check("2.1", rejection)
background = np.sum(test.label == 0)
for name, score in scores.items():
    for efficiency in (0.3, 0.5):
        value, error = rejection(test.label, score, efficiency)
        passed = round(background / value)
        print(
            f"{name:>6}, ε_S = {efficiency}: one QCD jet in {value:.0f} ± {error:.0f}; {passed} passed"
        )

# %% [markdown]
# **Explain.** Your formula is right as long as many jets pass. Of fewer than about ten, the error is as
# large as the number and not symmetric. From here on, this notebook writes the interval of a count
# ("310 +100 −80"), or a limit at 95 % ("> 640") where a handful of jets decides. The trees have already
# removed most of what the mass cut keeps, so a network can add little. Section 6 says how much.
#
# **Try it.** Where a tagger is cut decides what it is worth. Move the threshold.


# %%
def at_threshold(efficiency):
    """The ROC curves, with the jets that pass at this signal efficiency."""
    fig, ax = plt.subplots()
    grid = np.linspace(0.1, 0.95, 60)
    told = []
    for name, score in scores.items():
        style = plotting.class_style(name)
        curve = metrics.background_rejection(test.label, score, grid)
        ax.plot(grid, curve, **style, label=name, markevery=10)
        value = metrics.background_rejection(test.label, score, efficiency)
        passed = round(background / value)
        told.append(f"{name}: {passed} of {background} QCD jets")
    ax.axvline(efficiency, color="black", ls="--")
    ax.set(xlabel="signal efficiency", ylabel="background rejection", yscale="log")
    ax.set_title("; ".join(told))
    ax.legend()
    return fig


slider = ipywidgets.FloatSlider(
    0.3, min=0.1, max=0.9, step=0.05, description="ε_S", continuous_update=False
)
try_it(at_threshold, efficiency=slider)

# %% [markdown]
# ## 2 · A set of particles, by hand
#
# A jet has no first particle. A network for jets must give the same answer for any order of the particles.
# The simplest way is to *add*: apply the same small network $\Phi$ to every particle, add up the outputs,
# and let a second network $F$ judge the sum [2].
#
# ### Exercise 2.2: add up a set
#
# Jets are padded with empty slots to the same length, and $\Phi(0)$ is not zero. Write the sum.


# %%
def add_up(seen, mask):
    """Sum of the outputs of Φ over the real particles: seen (N, P, L), mask (N, P), True if real."""
    # BEGIN SOLUTION
    return (seen * mask.unsqueeze(-1)).sum(dim=1)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# `mask.unsqueeze(-1)` has the shape (N, P, 1) and can be multiplied with `seen`.

# %%
add_up = check("2.2", add_up)


# %%
class DeepSets(nn.Module):
    """F(Σ Φ(p)): a tagger for sets of particles."""

    def __init__(self, n_features=3, width=64):
        super().__init__()
        self.phi = nn.Sequential(
            nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.f = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))

    def forward(self, features, mask):
        seen = self.phi(features)  # (N, P, 3) → (N, P, L)
        return self.f(add_up(seen, mask))  # (N, L) → (N, 2): the logits of QCD and top


# %%
def trained_by_hand(seed, **settings):
    """Deep Sets after a few passes over the training jets."""
    torch.manual_seed(seed)
    network = DeepSets()
    training.fit(
        network,
        (*network_inputs(train), train.label),
        training.cross_entropy,
        epochs=sizes.epochs,
        batch_size=128,
        learning_rate=3e-3,
        schedule=training.cosine,
        seed=seed,
        **settings,
    )
    return network


by_hand = trained_by_hand(SEED, callbacks=[plotting.LiveLoss()])


# %%
def add_to_table(name, score, n_parameters, **times):
    """Judge a tagger on the test jets and keep it for the figures and tables below."""
    scores[name] = score
    live[name] = landscape.judged(
        name, test.label, score, n_parameters, sizes.bootstraps, SEED, **times
    )
    print(f"{name}: AUC {live[name].auc}, 1/ε_B at ε_S = 0.3: {live[name].rejection_30}")


def log_odds(network, jets):
    """Log-odds (N,) of top against QCD."""
    logits = training.predict(network, network_inputs(jets))
    return logits[:, 1] - logits[:, 0]


add_to_table("by hand", log_odds(by_hand, test), training.count_parameters(by_hand))
areas = [live["by hand"].auc.value]
for seed in (SEED + 1, SEED + 2):
    areas.append(metrics.auc(test.label, log_odds(trained_by_hand(seed, progress=False), test)))
print("AUC in three seeds:", ", ".join(f"{area:.3f}" for area in areas))

# %% [markdown]
# **Explain.** The network had the same jets and a few seconds, and nobody told it about masses or prongs.
# Instead it has an *inductive bias*, a preference that its shape builds in: no order, no fixed length. It
# had few jets and few passes, and is still far from the trees. Another seed moves it by as much as the last
# line shows: after so short a training, that is more than the error of the test jets.
#
# The next three networks have more bias. Whether this shows after so few jets is another question: they
# have more to learn, too. So read their numbers as "after five passes over 6000 jets" (at `lesson`).
# Section 6 has the same networks with five times more jets and a full training.
#
# ## 3 · Neighbours: a graph network
#
# A sum over single particles does not look at pairs. **ParticleNet** [3] finds the nearest neighbours of
# every particle and applies a network to each pair. Then it repeats this, with new neighbours: now two
# particles are close if their learned features are similar.
#
# **Predict.** With the same few thousand jets, is it better than the sum, or does it need more data?


# %%
def train_live(name):
    """Train one tagger of the landscape, show its loss meanwhile, and judge it."""
    settings = {"epochs": sizes.epochs, "batch_size": sizes.batch_size}
    tagger = TAGGERS[name](PROFILE, callbacks=[plotting.LiveLoss()], **settings)
    tagger.fit(train, seed=SEED)
    add_to_table(name, tagger.score(test), tagger.n_parameters, train_seconds=tagger.seconds)
    return tagger


graph = train_live("ParticleNet")

# %%
first, second = live["ParticleNet"].auc, live["by hand"].auc
print(f"after this training: ParticleNet {first}, the sum {second}, the mass {live['mass'].auc}")
print(f"fully trained, stored: ParticleNet {landscape.read_landscape()['ParticleNet'].auc}")

# %% [markdown]
# **Explain.** The lines above answer the question for this training. A training as short as this one moves
# by as much as that of the sum did; only the stored results, in three seeds each, rank the two.

# %% [markdown]
# ## 4 · Attention, with a bias for each pair
#
# In a transformer every particle attends to all others: $\mathrm{softmax}_j(q_i\cdot k_j/\sqrt d)$ is the
# weight that $i$ gives to $j$. The **Particle Transformer** [4] adds a bias $U_{ij}$ to the exponent. A
# network computes it from quantities of the pair: its mass, its distance, its $k_T$, its momentum share.
#
# ### Exercise 2.3: attention weights
#
# Compute the attention weights of one head. An empty slot must get the weight zero. The weights that one
# particle gives to all others add up to one.


# %%
def attention(q, k, bias, mask):
    """Weights (P, P), row i holds those that i gives: q, k (P, d), bias (P, P), mask (P,)."""
    # BEGIN SOLUTION
    logits = q @ k.T / np.sqrt(q.shape[1]) + bias
    logits = np.where(mask[None, :], logits, -np.inf)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# A weight of zero is an exponent of $-\infty$: `np.where(mask[None, :], logits, -np.inf)`.

# %% [markdown] tags=["hint"]
# Normalise along the axis of the particles that receive the weights: `axis=1`.

# %%
attention = check("2.3", attention)

# %% [markdown]
# Your function at work: whom does the hardest particle of a top jet attend to, if the bias is $-\ln$ of the
# distance and the keys say nothing? This is the simplest bias that makes neighbours important.

# %%
jet = test.of_class("top")[:1]
relative = jet.relative()[0][jet.mask[0]]  # pT share, Δη, Δφ of each particle
gap = np.hypot(*(relative[:, None, 1:] - relative[None, :, 1:]).transpose(2, 0, 1))
nothing = np.zeros((len(relative), 1))
weights = attention(nothing, nothing, -np.log(gap + 0.05), np.ones(len(relative), bool))
fig, ax = plt.subplots(figsize=(6.5, 5))
points = ax.scatter(
    relative[:, 1], relative[:, 2], 2000 * relative[:, 0], c=weights[0], cmap="viridis"
)
fig.colorbar(points, label="weight from the hardest particle")
ax.set(xlabel="Δη", ylabel="Δφ", title="a top jet; the area is pT")
plt.show()

# %%
transformer = train_live("ParT")
print(f"the mass alone: AUC {live['mass'].auc}")
print(f"ParT fully trained, stored: AUC {landscape.read_landscape()['ParT'].auc}")

# %% [markdown]
# **Explain.** A transformer has the fewest built-in preferences of the networks here, and so it needs the
# most jets. Compare the three lines: after a training as short as this, it need not even reach the mass,
# and another seed may. Nothing is wrong with the idea. The stored ParT saw five times more jets, for longer.

# %% [markdown]
# ## 5 · Relativity, built in
#
# Observers in relative motion disagree about energies and angles. They agree about all products
# $p_i\cdot p_j = E_iE_j - \vec p_i\cdot\vec p_j$, and so they agree whether a jet is a top. A network that
# reads only these products is **Lorentz invariant** before any training.
#
# ### Exercise 2.4: what all observers agree on


# %%
def products(p4):
    """All products p_i·p_j (P, P) in GeV² of four-vectors (P, 4): E, px, py, pz in GeV."""
    # BEGIN SOLUTION
    metric = np.diag([1.0, -1.0, -1.0, -1.0])
    return p4 @ metric @ p4.T
    # END SOLUTION


# %% [markdown] tags=["hint"]
# The scalar product of relativity has one plus and three minus signs.

# %%
products = check("2.4", products)
p4 = test.four_vectors()[0][test.mask[0]].astype(float)
mass_squared = products(p4).sum()  # of all pairs: the mass of the jet, seen by any observer
print(
    f"from your products: a jet of {np.sqrt(mass_squared):.1f} GeV; stored: {test.mass[0]:.1f} GeV"
)

# %%
relativity = train_live("L-GATr-slim")
for name in ("L-GATr-slim", "L-GATr"):
    paper = published.top_tagger(name)
    print(
        f"published: {name:>11}, 1/ε_B at ε_S = 0.3 {paper.rejection:g}, {paper.parameters:,} parameters"
    )

# %% [markdown]
# **L-GATr-slim** [5] is a transformer whose particles carry numbers *and* four-vectors. The full **L-GATr**
# carries all sixteen components of a multivector; the slim form keeps the scalar and the vector, and the
# two lines above cannot be told apart. The one that you trained is a hundred times smaller than either. Its
# attention uses the products above. Without further input it cannot know the direction of the beam. A tagger for the LHC
# should know it: the jets were selected in $p_T$, and the beam defines $p_T$. So the network also reads the
# time axis and the two beams as extra "particles". They break the symmetry on purpose: only rotations about
# the beam are left.
#
# **Predict.** We rotate each test jet about the beam, boost it along the beam, and boost it sideways.
# Which scores will change? The first row is the same network *untrained and without reference vectors*.

# %%
from hepml_lite.networks.inputs import OnFourVectors, particle_inputs
from hepml_lite.networks.l_gatr import LGATrSlim
from hepml_lite.jet_physics.variations import transformations as change

torch.manual_seed(SEED)
symmetric = OnFourVectors(LGATrSlim())
observers = {
    "L-GATr-slim, no reference": lambda jets: training.predict(symmetric, particle_inputs(jets))[
        :, 1
    ],
    "L-GATr-slim": relativity.score,
    "ParticleNet": graph.score,
    "ParT": transformer.score,
}
some = test[: sizes.boosted_jets]
moves = {
    "turned about the beam": change.turned(some, 1.0),
    "boosted along the beam": change.boosted(some, 0.5),
    "boosted sideways": change.lorentz_boosted(some, np.array([0.3, 0.2, 0.0])),
}

# %%
print(f"{'1 is the spread over jets':>28}" + "".join(f"{move:>25}" for move in moves))
for name, score in observers.items():
    still = score(some)
    moved = [np.abs(score(jets) - still).mean() / still.std() for jets in moves.values()]
    print(f"{name:>28}" + "".join(f"{change:>25.1e}" for change in moved))

# %% [markdown]
# **Explain.** The first row shows only the rounding of stored numbers. The symmetry needs no training, and
# no training can remove it. The trained network reads the beam and so loses two of the three symmetries:
# now it *may* use the beam and the laboratory frame. ParticleNet and ParT read angles and momenta in that
# frame. They keep the rotation about the beam, because it is built into their inputs.
#
# ## 6 · The whole landscape
#
# We trained the other approaches of the competition before, on all training jets, with the same code and
# several seeds. Their weights are small files in the repository; `RETRAIN = True` at the top trains them
# again. **GoaT**, the "greatest of all taggers", reads only the scores of the others.
#
# **Predict.** Rank them: images, sequences, sets, graphs, attention, relativity, trees on observables, and
# a straight cut in a hundred safe observables. Are taggers with more parameters better?

# %%
rows = landscape.read_landscape()
if RETRAIN:
    for name in rows.keys() - {"GoaT"}:
        tagger = TAGGERS[name](PROFILE).fit(load("top_tagging", PROFILE, "train"), seed=SEED)
        add_to_table(name, tagger.score(test), tagger.n_parameters)
landscape_frame = table(rows.values(), published_rows(rows))  # to sort, or .to_csv("landscape.csv")
shown(landscape_frame)

# %%
from hepml_lite.tagging.figures import rejection_against_parameters

fig, ax = plt.subplots(figsize=(11, 6.5))
rejection_against_parameters(ax, rows.values(), efficiency=0.5)
plt.show()

# %% [markdown]
# **Explain.** Read the errors first. Ten thousand test jets measure an AUC to a permille. But a rejection of
# 1000 means that only five QCD jets passed: such numbers are given as limits. All networks of this table are
# miniatures: ResNet has 22 thousand parameters where ResNeXt has 1.46 million, ParT 44 thousand where the
# paper has 2.1 million. So the published column is another experiment, not a target. LundNet was trained once: its
# errors do not contain the spread over trainings.
#
# Which differences are clear? All were judged on the *same* jets, so we compare them in pairs: the common
# fluctuations cancel. The spread over trainings is added.

# %%
scored = stored_sample().jets  # the test jets with the scores of all stored taggers
GROUPS = {
    "first": ("LorentzNet", "N-subjettiness 8", "PELICAN", "N-subjettiness 6"),
    "second": ("trees", "ParticleNet", "ParT", "TreeNiN"),
}


# %%
def paired(one, other):
    """Mean AUC of some taggers less that of others, in 1/1000, its error, and their ratio."""

    def difference(labels, chosen):
        jets = chosen.astype(int)
        means = [
            np.mean([metrics.auc(labels, scored.trainings(name)[0][jets]) for name in names])
            for names in (one, other)
        ]
        return 1000 * (means[0] - means[1])

    found = metrics.bootstrap(
        difference, scored.label, np.arange(len(scored)), min(sizes.bootstraps, 50), SEED
    )
    spreads = [
        1000 * rows[name].auc.training_error / len(names)
        for names in (one, other)
        for name in names
    ]
    error = np.hypot(found.error, np.linalg.norm(spreads))
    return found.value, error, found.value / error


# %%
value, error, sigmas = paired(*GROUPS.values())
print(f"first group less second: ({value:.1f} ± {error:.1f})/1000, {sigmas:.1f} σ")
for names in GROUPS.values():
    for other in names[1:]:
        value, error, sigmas = paired(names[:1], (other,))
        print(f"{names[0]:>10} less {other:<16} ({value:+.1f} ± {error:.1f})/1000, {sigmas:.1f} σ")
value, error, sigmas = paired(("LorentzNet",), ("trees",))
print(f"the best network less the trees: ({value:+.1f} ± {error:.1f})/1000, {sigmas:.1f} σ")

# %% [markdown]
# - With thirty thousand jets, **knowledge** wins: the first group is {LorentzNet, PELICAN, N-subjettiness}.
#   Two of them have relativity built in, and N-subjettiness took physicists years to find. The second group
#   is {trees, ParticleNet, ParT, TreeNiN}: a dozen observables, or networks that look at *pairs* or at the
#   *history* of the jet. Within a group, three comparisons below three standard deviations prove nothing
#   (with six of them, one of two happens often).
# - What does a network add to the trees? A few permille of AUC, the last line. In rejection the intervals of
#   the table overlap: ten thousand jets cannot tell whether it is a tenth of the background or a half.
# - L-GATr-slim has relativity built in, too, and is below both groups: knowledge is not everything. In the
#   published column, with forty times more jets, networks that read every particle have overtaken the
#   observables, and the networks with relativity lead.
# - The last rows must learn from a list of numbers what an angle is, or that the order means nothing. LoLa,
#   LBN and TopoDNN are hardly better than the mass here, or worse. That says more about our short recipes
#   than about these methods: in the papers they reach 300 to 800.
# - The number of parameters says nothing: PELICAN has the fewest of all networks.
#
# How do the networks that you have just trained fit in? The next figure shows the stored taggers against the
# number of their training jets, and yours as stars.

# %%
networks = ("by hand", "ParticleNet", "ParT", "L-GATr-slim")
fig, ax = plt.subplots(figsize=(10, 5.5))
for name, curve in stored_sample().curves.items():
    jets, value, spread = curve.T
    ax.errorbar(jets, value, spread, **plotting.class_style(name), label=f"{name}, stored")
for name in networks:
    look = plotting.class_style(name) | {"marker": "*", "linestyle": "", "ms": 14}
    ax.errorbar(
        len(train), live[name].auc.value, live[name].auc.error, **look, label=f"{name}, yours"
    )
    if name in rows and name not in stored_sample().curves:
        look = plotting.class_style(name) | {"linestyle": "", "ms": 9}
        ax.errorbar(
            30_000, rows[name].auc.value, rows[name].auc.error, **look, label=f"{name}, stored"
        )
ax.set(xscale="log", xlabel="training jets", ylabel="AUC")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
shown(table(live.values()))

# %%
best = max(networks, key=lambda name: live[name].auc.value)


def gain(labels, chosen):
    """AUC of your best network over that of the trees, on the same jets."""
    jets = chosen.astype(int)
    return metrics.auc(labels, scores[best][jets]) - metrics.auc(labels, scores["trees"][jets])


positions = np.arange(len(test))
print(f"AUC of your best, {best}, less that of the trees, on the same jets:", end=" ")
print(metrics.bootstrap(gain, test.label, positions, n_bootstrap=sizes.bootstraps, rng=SEED))

# %% [markdown]
# **Explain.** Your networks saw a fifth of the jets and only a few passes. The stars lie below the curve of
# the same network where the training, not the architecture, is the limit. A number below zero in the last
# line says that boosted trees on a dozen observables are still the better tagger for so few jets.

# %% [markdown]
# ## 7 · Break it
#
# All of this was one simulation. Nature has another shower and several collisions at once. The energy
# scale is known to a few percent, and some particles are lost. We *use* a tagger at a threshold that was
# fixed in simulation. In data, another share of the jets passes.
#
# **Predict.** Which taggers suffer most? Is it those that were best?

# %%
from hepml_lite.jet_physics.variations import systematics

judges = {"trees": before["trees"], "ParticleNet": graph, "ParT": transformer}
judges["L-GATr-slim"] = relativity
judged_jets = test[: sizes.varied_jets]
nominal = {name: tagger.score(judged_jets) for name, tagger in judges.items()}
others = {
    "another shower": load("top_tagging_vincia", PROFILE)[: sizes.varied_jets],
    "+ multiple interactions": load("top_tagging_mpi", PROFILE)[: sizes.varied_jets],
}
detectors = {
    "energy scale + 2 %": systematics.energy_scaled(judged_jets, 1.02),
    "5 % of particles lost": systematics.particles_lost(
        judged_jets, 0.05, np.random.default_rng(SEED)
    ),
    "nothing below 1 GeV": systematics.soft_lost(judged_jets, 1.0),
}


# %%
def shift(name, jets, same):
    """What one change does to one tagger that keeps 70 % of the tops in simulation."""
    return systematics.shift_of_efficiency(
        judged_jets.label,
        nominal[name],
        judges[name].score(jets),
        varied_labels=None if same else jets.label,
        signal_efficiency=0.7,
        n_bootstrap=sizes.bootstraps,
        rng=SEED,
    )


broken = {
    change: {name: shift(name, jets, same) for name in judges}
    for changes, same in ((others, False), (detectors, True))
    for change, jets in changes.items()
}

# %%
from hepml_lite.tagging.figures import shifts

fig, axes = plt.subplots(1, 2, figsize=(14, 5.5), sharey=True)
shifts(axes[0], broken, "efficiency_change")
shifts(axes[1], broken, "fixed_ratio")
axes[0].set(xlabel="change of the signal efficiency from 0.7")
axes[1].set(xlabel="background rejection, over that in simulation")
axes[0].get_legend().remove()
plt.show()

# %% [markdown]
# The other shower and the multiple interactions are *other* jets, few of them: their rows have the larger
# intervals. Here are the numbers.

# %%
for what, of_taggers in broken.items():
    for name, found in of_taggers.items():
        ratio = found.fixed_ratio
        clear = not ratio.low <= 1 <= ratio.high
        print(f"{what:>25}, {name:<12} background rejection × {ratio!s:<22}", end=" ")
        print("outside of the 68 % interval" if clear else "1 is inside the 68 % interval")

# %% [markdown]
# **Explain.** A threshold that kept 70 % of the tops keeps another share when the jets are a little
# different. The background that passes changes, too. Some variations change the number of particles
# (additional collisions, a threshold on soft particles, losses): they move a tagger that counts particles.
# A common scale of all energies moves a tagger that knows the mass. The other shower has only 1000 QCD jets,
# of which a few dozen pass: an effect of a half can hide in such an interval, and ratios well above one do
# occur among the lines above. So do not write "robust against the shower" where the sample is too small to
# show the opposite.
#
# What do experiments do? They measure both efficiencies in data, with tops that they identify by the other
# half of the event. They *correct* the simulation with the scale factor
# $\varepsilon_\text{data}/\varepsilon_\text{simulation}$ and quote the error of that ratio. A shift that was
# measured costs nothing but its error; only what cannot be measured remains an uncertainty.
#
# ### Power against robustness
#
# What is a robust tagger worth? We know the background $B$ only with a relative error $u$, and the excess
# of $S$ signal events has $S/\sqrt{B + (uB)^2}$ standard deviations. Take 1000 tops among 100 000 QCD jets,
# $\varepsilon_S = 0.8$, and for $u$ the shifts of the background under mild variations of the detector
# (energy scale and resolution, angles, losses, soft particles), added in quadrature.
#
# **Predict.** Will the order of the taggers be the same with and without this error?

# %%
rates = stored_sample()
mild = ["energy scale up", "energy resolution", "angular resolution"]
mild += ["lost particles", "soft threshold"]
power = pd.DataFrame(columns=["1/ε_B", "background known to [%]", "σ, B exact", "σ, B uncertain"])
for row, name in enumerate(rates.jets.taggers):
    cut = rates.thresholds[row, 79]  # ε_S = 0.8
    moved = [rates.shift(row, change, 0, 0, cut) for change in mild]
    known_to = np.sqrt(sum((ratio.value - 1) ** 2 for ratio in moved))
    rejected = metrics.background_rejection(rates.jets.label, rates.scores[row], 0.8)
    passed = 100_000 / rejected
    errors = np.sqrt(passed), np.sqrt(passed + (known_to * passed) ** 2)
    power.loc[name] = (rejected, 100 * known_to, *(800 / error for error in errors))
power.sort_values("σ, B uncertain", ascending=False).round(1)

# %% [markdown]
# **Explain.** Once $uB > \sqrt B$, only $\varepsilon_S/(u\,\varepsilon_B)$ counts: twice the error needs
# twice the rejection. Compare the order of the last two columns. A few dozen to a few hundred background
# jets pass, so $u$ itself has an error of a few percent of the background: taggers whose last columns differ
# by a fifth cannot be ranked. The exploration asks the same at other working points.
#
# ## 8 · What it learned that you did not want
#
# Tops have a mass, so a tagger learns the mass, and the QCD jets that pass get a bump at 172 GeV. The cut
# *sculpts* the background into the shape of the signal. Then the sidebands no longer tell how much
# background there is. **DisCo** [6] adds the distance correlation between score and mass of QCD jets to the
# loss:
# $L = \text{cross entropy} + \lambda\, \text{dCor}^2(\text{score}, \text{mass})$. The distance correlation
# dCor correlates the *distances* $|s_i - s_j|$ and $|m_i - m_j|$ of all pairs of jets, each less the means of
# its row and column. It is zero only for independent numbers.
#
# ### Exercise 2.5: how far was the mass distribution bent?
#
# The Jensen–Shannon divergence of two normalised histograms $p$, $q$ with $m = (p+q)/2$ is
# $\frac12\sum p\log_2\frac pm + \frac12\sum q\log_2\frac qm$. It is zero bits for equal shapes and one bit
# for shapes without overlap.


# %%
def divergence(before, after):
    """Jensen-Shannon divergence in bits of two histograms (B,), which need not be normalised."""
    # BEGIN SOLUTION
    p, q = before / before.sum(), after / after.sum()
    middle = (p + q) / 2
    terms = [np.sum(x[x > 0] * np.log2(x[x > 0] / middle[x > 0])) for x in (p, q)]
    return sum(terms) / 2
    # END SOLUTION


# %% [markdown] tags=["hint"]
# $0\log 0 = 0$: leave out empty bins, `x[x > 0]`.

# %%
divergence = check("2.5", divergence)

# %%
from hepml_lite.statistics.decorrelation import mass_sculpting
from hepml_lite.training.distance_correlation import disco_loss


def decorrelated(strength):
    """Scores after more training of the network from section 2, with λ times dCor² in the loss."""
    network = copy.deepcopy(by_hand)
    training.fit(
        network,
        (*network_inputs(train), train.mass / 100, train.label),  # any unit will do
        disco_loss(strength),
        epochs=2 * sizes.epochs,
        batch_size=512,
        learning_rate=3e-3,
        schedule=training.cosine,
        seed=SEED,
        progress=False,
    )
    return log_odds(network, test)


by_strength = {0.0: log_odds(by_hand, test)}
for strength in (0.3, 1.0, 3.0):
    by_strength[strength] = decorrelated(strength)
    print(f"λ = {strength:g}: AUC {metrics.auc(test.label, by_strength[strength]):.3f}")

# %% [markdown]
# How good can a tagger without the mass be? Two references: $\tau_{32}$, one observable that counts prongs;
# and the stored PFN, whose score is replaced by its *rank among QCD jets of the same mass* (half of the jets
# make the ranks, the other half is judged).

# %%
from hepml_lite.jet_physics.observables.catalogue import OBSERVABLES


def flattened(score, mass, label, learn):
    """The share of the QCD jets of `learn` (bool) in the same bin of mass that score lower."""
    qcd = learn & (label == 0)
    place = np.digitize(mass, np.quantile(mass[qcd], np.linspace(0, 1, 26)[1:-1]))
    ranks = np.empty(len(score))
    for k in range(25):
        like = np.sort(score[qcd & (place == k)])
        ranks[place == k] = np.searchsorted(like, score[place == k]) / len(like)
    return ranks


odd = np.arange(len(scored)) % 2 == 1
stored_pfn = scored.trainings("PFN")[0]
flat = flattened(stored_pfn, scored.mass, scored.label, odd)
references = {
    "τ32 alone": (test.label, -OBSERVABLES["tau32"](test), test.mass),
    "stored PFN": (scored.label, stored_pfn, scored.mass),
    "stored PFN, flattened": (scored.label[~odd], flat[~odd], scored.mass[~odd]),
}

# %%
judged = {f"λ = {strength:g}": (test.label, s, test.mass) for strength, s in by_strength.items()}
judged |= references
points = {}
for name, (label, score, mass) in judged.items():
    bent = mass_sculpting(label, score, mass, n_bootstrap=sizes.bootstraps, rng=SEED)
    points[name] = (metrics.auc(label, score), bent.jsd)
    print(
        f"{name:>22}: AUC {points[name][0]:.3f}, mass bent by {bent.jsd} bits (by chance {bent.floor:.3f})"
    )


# %%
def at_strength(strength):
    """Masses of the QCD jets that pass at half of the tops, and the price of this λ."""
    fig, axes = plt.subplots(1, 2, figsize=(14, 5))
    score = by_strength[strength]
    qcd = test.label == 0
    passed = score > np.median(score[~qcd])
    spectra = {"all QCD jets": test.mass[qcd], f"pass, λ = {strength:g}": test.mass[qcd & passed]}
    plotting.histogram(axes[0], spectra, np.linspace(0, 300, 31), "jet mass [GeV]", density=True)
    for k, (name, (area, jsd)) in enumerate(points.items()):
        look = plotting.class_style(k) | {"linestyle": ""}
        size = 14 if name == f"λ = {strength:g}" else 8
        axes[1].errorbar(jsd.value, area, xerr=jsd.error, **look, ms=size, label=name)
    axes[1].set(xlabel="mass bent by [bits]", ylabel="AUC")
    axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return fig


slider = ipywidgets.SelectionSlider(options=list(by_strength), value=1.0, description="λ")
try_it(at_strength, strength=slider)

# %% [markdown]
# **Explain.** Independence has a price: the mass *is* the best single observable. But see the references:
# $\tau_{32}$ alone has an AUC near 0.88 and hardly bends the mass, and so has the flattened PFN. So a tagger
# that ignores the mass need not be bad. Where a λ is far below these two, the brief training paid more than it had
# to. Whether the price is worth paying depends on the analysis: a search that fits sidebands gains more from
# a smooth background than it loses in rejection. **Double DisCo** (arXiv:2007.14400) trains two scores that are
# independent of each other, so that one cut predicts the background of the other.
#
# ### Does 90 % mean 90 %?
#
# A score is a probability only if nine in ten of all jets with a score of 0.9 are tops. The **reliability
# diagram** tests this. **Temperature scaling** divides all log-odds by one number, which is fitted on the
# validation jets.

# %%
from hepml_lite.statistics import calibration
from hepml_lite.tagging.trained import trained_tagger

stored = trained_tagger("ParT")  # the one of the table, trained on all training jets
on_test = stored.score(test)
scaled = calibration.temperature_scaling(val.label, stored.score(val))
print(f"all log-odds are divided by {scaled.temperature:.2f}")
probability = {
    "as trained": calibration.Temperature(1.0)(on_test),
    "temperature": scaled(on_test),
}
fig, ax = plt.subplots(figsize=(7, 6))
plotting.reliability_diagram(ax, test.label, probability)
plt.show()

# %% [markdown]
# **Try it.** Turn the temperature yourself. The AUC does not change: why?


# %%
def at_temperature(temperature):
    """The reliability diagram after a division of all log-odds."""
    fig, ax = plt.subplots(figsize=(7, 6))
    divided = calibration.Temperature(temperature)(on_test)
    plotting.reliability_diagram(ax, test.label, {f"T = {temperature:g}": divided})
    ax.set_title(f"AUC {metrics.auc(test.label, divided):.4f}")
    return fig


slider = ipywidgets.FloatSlider(
    2.0, min=0.3, max=4, step=0.1, description="T", continuous_update=False
)
try_it(at_temperature, temperature=slider)

# %% [markdown]
# **Explain.** A division changes no order, so ROC curve and AUC stay. And it is calibrated only for *this*
# mixture, one top for each QCD jet. In the collisions there is one in about a thousand. Bayes' theorem moves all
# log-odds by $\ln(1/1000) - \ln(1/1)$: a jet with probability 0.9 here has the one printed below there. Cuts on
# the score stay as they are, because a shift changes no order either.

# %%
for p in (0.5, 0.9, 0.99, 0.999):
    log_odds_there = np.log(p / (1 - p)) + np.log(1 / 1000)
    print(f"p = {p}: {1 / (1 + np.exp(-log_odds_there)):.4f} with one top in a thousand QCD jets")

# %% [markdown]
# ## 9 · No labels at all
#
# In data nobody labels jets. But we know samples with more quark jets and samples with more gluon jets.
# **Classification without labels** (CWoLa) [7] trains a network to tell two such *samples* apart. The
# network never learns the class of a single jet.
#
# **Predict.** One sample is 80 % quarks, the other 20 %. How much worse will the tagger be than one with
# labels?

# %%
from hepml_lite.networks.deep_sets import ParticleFlowNetwork

flavours = load("quark_gluon", PROFILE, "train")[: sizes.train_jets]
unseen = load("quark_gluon", PROFILE, "test")


def learned_from(jets, labels):
    """AUC of quark against gluon after training on these labels, whatever they mean."""
    torch.manual_seed(SEED)
    network = ParticleFlowNetwork(3, (64, 64, 64), (64, 64))
    training.fit(
        network,
        (*network_inputs(jets), labels),
        training.cross_entropy,
        epochs=sizes.epochs,
        batch_size=128,
        learning_rate=2e-3,
        schedule=training.cosine,
        seed=SEED,
        progress=False,
    )
    score = training.predict_probability(network, network_inputs(unseen))[:, 1]
    return metrics.bootstrap(
        metrics.auc, unseen.label, score, n_bootstrap=sizes.bootstraps, rng=SEED
    )


# %%
from hepml_lite.tagging.weak_supervision import mixtures

pure = learned_from(flavours, flavours.label)
print(f"every jet labelled:       AUC {pure}")
for fractions in ((0.8, 0.2), (0.6, 0.4)):
    mixed, sample = mixtures(flavours, fractions, rng=SEED)
    told = f"samples with {fractions[0]:.0%} and {fractions[1]:.0%} quarks"
    print(f"{told}: AUC {learned_from(mixed, sample)} ({len(mixed)} jets)")

# %% [markdown]
# Are these good numbers? Here are the strong and simple opponents: counting particles, and boosted trees on
# four observables, both on the same jets.

# %%
from sklearn.ensemble import HistGradientBoostingClassifier

FOUR = ("multiplicity", "mass", "width", "pt_dispersion")


def four_numbers(jets):
    """Four observables of each jet, (N, 4)."""
    return np.column_stack([OBSERVABLES[name](jets) for name in FOUR])


trees = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.05, max_leaf_nodes=8)
trees.fit(four_numbers(flavours), flavours.label)
opponents = {
    "fewer particles": -OBSERVABLES["multiplicity"](unseen),
    "trees on four": trees.decision_function(four_numbers(unseen)),
}
for name, score in opponents.items():
    area = metrics.bootstrap(metrics.auc, unseen.label, score, sizes.bootstraps, SEED)
    print(f"{name:>16}: AUC {area}")

# %% [markdown]
# **Explain.** The best tagger for the samples is also the best tagger for quarks and gluons: the likelihood
# ratio of the mixtures is a rising function of the likelihood ratio that you want. Only the *statistics*
# get worse as the samples become more alike. (The labels of the test jets were used, but only to grade.)
# Compare with the opponents: with so few jets even the labelled network hardly learns more than to count, and
# the trees know more. Labels were not what it lacked.
#
# ### The assumption, and how it breaks
#
# The theorem needs one thing: **both samples hold the same quark jets and the same gluon jets**, only in other
# shares. Mixtures that we draw from one sample always do, so they cannot test it. Two samples of data need not: quarks
# beside a Z boson and quarks in dijets may differ in momentum, flavour and surroundings. The exploration of this theme
# takes these two processes and measures whether they do. Here the second sample comes from a detector that loses particles
# below 1 GeV. Its quarks are quarks, but not the same.
#
# **Predict.** What will the network learn now?

# %%
mixed, sample = mixtures(flavours, (0.8, 0.2), rng=SEED)
losses = systematics.soft_lost(mixed, 1.0)
first = sample == 1
differ = replace(
    losses,
    constituents=np.where(first[:, None, None], mixed.constituents, losses.constituents),
    mask=np.where(first[:, None], mixed.mask, losses.mask),
)
print(f"the same jets in both:   AUC {learned_from(mixed, sample)}")
print(f"another detector in one: AUC {learned_from(differ, sample)}")

# %% [markdown]
# **Explain.** To tell the samples apart, it is now easiest to ask for soft particles. The sample with many quarks
# kept its soft particles, and quarks have *few*: the network learns the wrong sign of the multiplicity, and an
# AUC far below the first line, even below one half, is the result. Nothing in the training warns of it.
#
# ### Which share of quarks? Jet topics
#
# If some values of an observable occur (almost) only in one class, two mixtures tell their fractions without any
# label: subtract as much of B from A as possible without making a bin negative, and the other way round [8].

# %%
from hepml_lite.tagging.jet_topics import jet_topics

count = mixed.n_constituents
topics = jet_topics(count[sample == 1], count[sample == 0], np.arange(0, 121, 4), 50, rng=SEED)
centres = (topics.edges[1:] + topics.edges[:-1]) / 2
fig, ax = plt.subplots()
plotting.histogram(
    ax,
    {name: flavours.n_constituents[flavours.label == k] for k, name in enumerate(flavours.names)},
    topics.edges,
    "number of particles",
    density=True,
)
for number, topic in enumerate((topics.topic_1, topics.topic_2), 1):
    look = {"linestyle": "", "marker": "v^"[number - 1], "color": "black"}
    ax.plot(centres, topic[0] / np.diff(topics.edges), **look, label=f"topic {number}, no labels")
ax.legend()
plt.show()
print(
    f"shares of quarks from the topics: {topics.fraction_a}, {topics.fraction_b}; put in: 0.8, 0.2"
)

# %% [markdown]
# **Explain.** The topics look like the classes. Compare the two shares with those that we put in: their intervals are
# wide, because they rest on the few jets at both ends, where one class is nearly alone. Topics are *defined* by the
# observable: if no value belongs to one class alone, they are other distributions than the classes, and the result
# does not say so. A better observable (the score of a tagger) has purer ends.
#
# ## 10 · What the papers found
#
# The table of section 6 shows the published numbers beside ours. They are not the same experiment: 30 000
# training jets instead of 1.2 million, networks of a hundredth to a tenth of the size, and another detector.
# The paper used Delphes; ours is a simple one with coarse calorimeter cells (both 14 TeV and Pythia 8). So a
# difference of a permille means nothing, and a higher number is no victory: our N-subjettiness is *above* the
# published one. What can be compared is which method loses how much with forty times fewer jets.

# %%
lost = pd.DataFrame(columns=["ours", "published", "ours less published"], dtype=float)
for name, paper in published_rows(rows).items():
    if paper.auc is not None:
        lost.loc[name] = (rows[name].auc.value, paper.auc, rows[name].auc.value - paper.auc)
lost.sort_values("ours less published").round(4)

# %% [markdown]
# **Explain.** At the top of this table are networks that need many jets to learn the simplest things (TopoDNN,
# LBN, LoLa, EFN); their recipes here are short as well, and we cannot say which of the two it is. At the bottom
# are taggers with the most built-in knowledge.
#
# At `PROFILE = "paper"` with `SOURCE = "public"` this notebook trains the networks of the papers on their
# jets, on a GPU in mixed precision. Then the second table of section 6 can be compared with their numbers.
#
# ## Take away
#
# - A tagger is data, architecture and training. Vary one, keep the other two fixed, and give errors.
# - A network need not learn what is built in: order, pairs, relativity. This helps most with few jets.
# - The last permille of AUC is learned from the simulation, not from nature. Vary the simulation.
#
# <details><summary>Your tagger has AUC 0.98 and rejects 300 QCD jets for each that passes. Your colleague
# has 0.979 and 400. Who is better?</summary>
#
# It depends on where you cut: the AUC averages over thresholds that nobody uses. It also depends on the
# errors: with 5000 QCD jets, a rejection of 400 has an error of about a quarter.
#
# </details>
#
# <details><summary>Why is L-GATr-slim given the beam, if all observers should agree?</summary>
#
# All observers agree about the laws, but the experiment has a beam. The beam defines pT, and the sample was
# cut in pT. Without the beam, a network cannot know which direction is transverse.
#
# </details>
#
# <details><summary>CWoLa works with samples of 80 % and 20 %. What happens at 50 % and 50 %?</summary>
#
# Then the samples are equal, and a network can only learn fluctuations. But if their quarks are not the same
# quarks, it learns that, and its AUC on quark and gluon can be anything.
#
# </details>
#
# **References.** [1] Kasieczka et al., *The machine learning landscape of top taggers*, arXiv:1902.09914.
# [2] Zaheer et al., *Deep sets*, arXiv:1703.06114; Komiske, Metodiev, Thaler, *Energy flow networks*,
# arXiv:1810.05165. [3] Qu, Gouskos, *ParticleNet*, arXiv:1902.08570. [4] Qu, Li, Qian, *Particle
# Transformer*, arXiv:2202.03772. [5] Petitjean et al., *Economical jet taggers*, arXiv:2512.17011, the slim
# form of Brehmer et al., *A Lorentz-equivariant transformer for all of the LHC*, arXiv:2411.00446. [6] Kasieczka, Shih, *DisCo*, arXiv:2001.05310. [7] Metodiev, Nachman, Thaler,
# *Classification without labels*, arXiv:1708.02949. [8] Metodiev, Thaler, *Jet topics*, arXiv:1802.00008.
