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
# - build a tagger for sets of particles by hand, and say what a graph, attention and Lorentz symmetry add;
# - compare taggers fairly: same jets, errors of the test sample and of the training;
# - say what a tagger learned that you did not want: the mass, the shower, the energy scale;
# - train a tagger without a single label.
#
# **You need** NumPy, a little PyTorch, and the notebook *Start here*.

# %% tags=["parameters"]
PROFILE = "lesson"  # smoke: a quick test; lesson: a class; paper: a large sample and a GPU
SEED = 1
SOURCE = None  # "public": the data set of the papers, 1.2 million training jets, from the network
RETRAIN = False  # True: train the stored taggers of section 6 anew, which takes more than an hour

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles, training
from hepml_lite.checks import check
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.tagging import landscape
from hepml_lite.tagging.landscape_table import published_rows, shown, table
from hepml_lite.tagging.training_recipes import TAGGERS

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
    print(f"{row.name:>6}: AUC {row.auc}, 1/ε_B at ε_S = 0.3: {row.rejection_30}")

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
for name, score in scores.items():
    value, error = rejection(test.label, score, 0.3)
    print(f"{name:>6}: one QCD jet in {value:.0f} ± {error:.0f}")

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
torch.manual_seed(SEED)
by_hand = DeepSets()
history = training.fit(
    by_hand,
    (*network_inputs(train), train.label),
    training.cross_entropy,
    epochs=sizes.epochs,
    batch_size=128,
    learning_rate=3e-3,
    schedule=training.cosine,
    callbacks=[plotting.LiveLoss()],
    seed=SEED,
)


# %%
def add_to_table(name, score, n_parameters, **times):
    """Judge a tagger on the test jets and keep it for the figures and tables below."""
    scores[name] = score
    live[name] = landscape.judged(
        name, test.label, score, n_parameters, sizes.bootstraps, SEED, **times
    )
    print(f"{name}: AUC {live[name].auc}, 1/ε_B at ε_S = 0.3: {live[name].rejection_30}")


logits = training.predict(by_hand, network_inputs(test))
add_to_table("by hand", logits[:, 1] - logits[:, 0], training.count_parameters(by_hand))

# %% [markdown]
# **Explain.** The network had the same jets and a few seconds, and nobody told it about masses or prongs.
# Instead it has an *inductive bias*, a preference that its shape builds in: no order, no fixed length. The
# next three networks have more of it.
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
transformer = train_live("ParT")

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
relativity = train_live("L-GATr")

# %% [markdown]
# **L-GATr** [5] is a transformer whose particles carry numbers *and* four-vectors. Its attention uses the
# products above. Without further input it cannot know the direction of the beam. A tagger for the LHC
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
    "L-GATr, no reference": lambda jets: training.predict(symmetric, particle_inputs(jets))[:, 1],
    "L-GATr": relativity.score,
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
# 1000 means that only five QCD jets passed, so most neighbours in the upper half cannot be told apart.
# Which differences are clear?
#
# - With thirty thousand jets, **knowledge** wins. N-subjettiness and trees on a dozen observables, which
#   took physicists years to find, lead together with LorentzNet and PELICAN, which have relativity built
#   in. L-GATr has it, too, and is lower in the table: knowledge is not everything. In the published column,
#   with forty times more jets, networks that read every particle have overtaken the observables, and the
#   networks with relativity lead.
# - The next group are networks that look at *pairs* or at the *history* of the jet. The last group must
#   learn from a list of numbers what an angle is, or that the order means nothing. Some of them are worse
#   than the mass alone.
# - The number of parameters says nothing: PELICAN has the fewest of all networks.
#
# The next two cells show the networks that you have just trained in the same table. Then they test whether
# the best of them is better than the trees by more than chance. Both are judged on the *same* test jets, so
# that their common fluctuations cancel.

# %%
shown(table(live.values()))

# %%
networks = ("by hand", "ParticleNet", "ParT", "L-GATr")
best = max(networks, key=lambda name: live[name].auc.value)


def gain(labels, chosen):
    """AUC of the best network over that of the trees, on the same jets."""
    jets = chosen.astype(int)
    return metrics.auc(labels, scores[best][jets]) - metrics.auc(labels, scores["trees"][jets])


positions = np.arange(len(test))
print(f"AUC of {best} less that of the trees, on the same jets:", end=" ")
print(metrics.bootstrap(gain, test.label, positions, n_bootstrap=sizes.bootstraps, rng=SEED))

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

judges = {"trees": before["trees"], "ParticleNet": graph, "ParT": transformer, "L-GATr": relativity}
judged_jets = test[: sizes.varied_jets]
nominal = {name: tagger.score(judged_jets) for name, tagger in judges.items()}
others = {
    "another shower": load("top_tagging_vincia", PROFILE),
    "+ multiple interactions": load("top_tagging_mpi", PROFILE),
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
# **Explain.** A threshold that kept 70 % of the tops keeps another share when the jets are a little
# different. The background that passes changes, too. Some variations change the number of particles
# (additional collisions, a threshold on soft particles, losses): they move a tagger that counts particles.
# A common scale of all energies moves a tagger that knows the mass. The other shower is a mild change here,
# and 2000 jets of it show no effect. One may call a tagger robust only if the sample is large enough to show
# the opposite. So experiments measure both efficiencies in data, with tops that they identify by the other
# half of the event, and quote the difference as an uncertainty.
#
# ## 8 · What it learned that you did not want
#
# Tops have a mass, so a tagger learns the mass, and the QCD jets that pass get a bump at 172 GeV. The cut
# *sculpts* the background into the shape of the signal. Then the sidebands no longer tell how much
# background there is. **DisCo** [6] adds the distance correlation between score and mass of QCD jets to the
# loss.
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
    """Scores of a Deep Sets tagger with `strength` times the distance correlation in its loss."""
    torch.manual_seed(SEED)
    network = DeepSets()
    training.fit(
        network,
        (*network_inputs(train), train.mass / 100, train.label),  # any unit will do
        disco_loss(strength),
        epochs=2 * sizes.epochs,
        batch_size=512,
        learning_rate=5e-3,
        schedule=training.cosine,
        seed=SEED,
        progress=False,
    )
    logits = training.predict(network, network_inputs(test))
    return logits[:, 1] - logits[:, 0]


strengths = (0, 0.3, 1)
by_strength = {f"λ = {strength}": decorrelated(strength) for strength in strengths}

# %%
fig, ax = plt.subplots(figsize=(9, 5.5))
background = test.label == 0
spectra = {"all QCD jets": test.mass[background]}
for name, score in by_strength.items():
    threshold = np.median(score[test.label == 1])
    spectra[f"pass, {name}"] = test.mass[background & (score > threshold)]
plotting.histogram(ax, spectra, np.linspace(0, 300, 31), "jet mass [GeV]", density=True)
plt.show()
for name, score in by_strength.items():
    bent = mass_sculpting(test.label, score, test.mass, n_bootstrap=sizes.bootstraps, rng=SEED)
    area = metrics.auc(test.label, score)
    print(f"{name:>7}: AUC {area:.3f}, mass bent by {bent.jsd} bits (by chance {bent.floor:.3f})")

# %% [markdown]
# **Explain.** Independence has a price: the mass *is* the best single observable. A tagger that must not use
# it can only use the rest, such as the number of prongs. Whether the price is worth paying depends on the
# analysis: a search that fits sidebands gains more from a smooth background than it loses in rejection.
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

print(f"every jet labelled:       AUC {learned_from(flavours, flavours.label)}")
for fractions in ((0.8, 0.2), (0.6, 0.4)):
    mixed, sample = mixtures(flavours, fractions, rng=SEED)
    told = f"samples with {fractions[0]:.0%} and {fractions[1]:.0%} quarks"
    print(f"{told}: AUC {learned_from(mixed, sample)} ({len(mixed)} jets)")

# %% [markdown]
# **Explain.** The best tagger for the samples is also the best tagger for quarks and gluons: the likelihood
# ratio of the mixtures is a rising function of the likelihood ratio that you want. Only the *statistics*
# get worse as the samples become more alike. (The labels of the test jets were used, but only to grade.)
#
# ## 10 · What the papers found
#
# The table of section 6 shows the published numbers beside ours. Most of ours are lower, for three reasons:
# 30 000 training jets instead of 1.2 million, networks of a tenth of the size where training takes too long
# for a lesson, and a detector with coarse calorimeter cells. Networks that need much data to learn the
# simplest things have lost most: compare the rows of TopoDNN, LoLa and LBN. Taggers with the most built-in
# knowledge have lost least: compare those of N-subjettiness, LorentzNet and PELICAN. The jets differ, too
# (14 TeV and Pythia 8 as in the paper, but other events and our own detector), so differences of a permille
# mean nothing.
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
# <details><summary>Why is L-GATr given the beam, if all observers should agree?</summary>
#
# All observers agree about the laws, but the experiment has a beam. The beam defines pT, and the sample was
# cut in pT. Without the beam, a network cannot know which direction is transverse.
#
# </details>
#
# <details><summary>CWoLa works with samples of 80 % and 20 %. What happens at 50 % and 50 %?</summary>
#
# Then the samples are equal, and a network can only learn fluctuations.
#
# </details>
#
# **References.** [1] Kasieczka et al., *The machine learning landscape of top taggers*, arXiv:1902.09914.
# [2] Zaheer et al., *Deep sets*, arXiv:1703.06114; Komiske, Metodiev, Thaler, *Energy flow networks*,
# arXiv:1810.05165. [3] Qu, Gouskos, *ParticleNet*, arXiv:1902.08570. [4] Qu, Li, Qian, *Particle
# Transformer*, arXiv:2202.03772. [5] Brehmer et al., *A Lorentz-equivariant transformer for all of the
# LHC*, arXiv:2411.00446. [6] Kasieczka, Shih, *DisCo*, arXiv:2001.05310. [7] Metodiev, Nachman, Thaler,
# *Classification without labels*, arXiv:1708.02949.
