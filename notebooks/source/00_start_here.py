# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Start here: can a network find the top quark?
#
# ![Average jets, the hardest subjet in the middle and the second above it: the average top jet has a third prong on the right, the average QCD jet has one prong](../docs/images/average_jets.png)
#
# A top quark with a momentum of 600 GeV decays into three quarks. They fly so close together that the
# detector sees **one jet**, a spray of particles. Ordinary quarks and gluons (QCD) make one jet too, about a
# thousand times more often. In five minutes you will find the tops twice: first with one line of physics,
# then with a neural network that is trained while you watch. And you will say honestly which one is better.

# %% [markdown] tags=["objectives"]
# **After this notebook you can**
#
# - compute the mass of a jet from its particles, and use it as a top tagger (exercise 0.1);
# - compute the background rejection of a cut or of a trained network, the number on the axis of a ROC curve
#   (exercise 0.2).
#
# You also watch a network train, see an honest comparison with error bars, and get the map of the seven themes.
#
# **You need** a little Python and NumPy. No machine learning, no particle physics: the glossary (its link is
# in the line above) has a sentence for each word.
#
# <details><summary>Five words before you start</summary>
#
# - **GeV**: the unit of energy, momentum and mass here (the speed of light is 1). A proton has 0.94 GeV.
# - **pT**: the part of a momentum perpendicular to the beam.
# - **η, φ**: two angles, that to the beam in the form η = −ln tan(θ/2), and that around the beam. The
#   distance of two directions is ΔR = √(Δη² + Δφ²).
# - **QCD**: the theory of quarks and gluons; a "QCD jet" comes from one of them.
# - **anti-kT**: the algorithm that decides which particles make a jet; R is about its radius.
#
# </details>

# %% tags=["parameters"]
PROFILE = "lesson"  # smoke: a quick test; lesson: a class; paper: a large sample and a GPU
SEED = 1

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import torch

from data_fetch import load
from data_fetch.public import registry
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles, training
from hepml_lite.tagging import published
from hepml_lite.checks import check
from hepml_lite.course.doctor import check_installation
from hepml_lite.course.themes import course_map
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.statistics.equal_efficiency import compare_at_equal_efficiency
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.statistics.working_point import working_point

plotting.use_style()
sizes = profiles.sizes("00_start_here", PROFILE)
print(sizes)

# %% [markdown]
# ## The map
#
# Every theme has a **tutorial** (predict, run, explain, exercise) and an **exploration** (a dashboard,
# guided questions, an open challenge). Each notebook starts alone and needs no other.

# %%
course_map()

# %% [markdown]
# ### Is everything here?
#
# The next cell checks the installation. If something is missing, it says what to do.

# %%
check_installation()

# %% [markdown]
# ## 1 · Two kinds of jets
#
# The event generator Pythia 8 made the collisions, and a simple detector simulation measured them.
# FastJet clustered the tracks and calorimeter cells into jets. The jets are stored in the repository, so
# nothing is downloaded.

# %%
train, val, test = (load("top_tagging", PROFILE, split) for split in ("train", "val", "test"))
train = train[: sizes.train_jets]
print("to train with:", train)
print("to decide when to stop:", val)
print("to judge with, at the very end:", test)

# %% tags=["nbval-check-output"]
for key in ("process", "detector", "selection", "citation"):
    print(f"{key}: {test.card[key]}")

# %% [markdown]
# **Predict.** Here is one jet of each kind, seen along its axis. Each disc is a particle; its area is
# the transverse momentum. Which jet comes from a top quark, A or B? Decide before you run the second of
# the next two cells.

# %%
rng = np.random.default_rng(SEED)
typical = {0: np.abs(test.mass - 60) < 20, 1: np.abs(test.mass - 172) < 10}
pair = [rng.choice(np.flatnonzero((test.label == k) & typical[k])) for k in rng.permutation(2)]

anonymous = replace(test, label=np.zeros_like(test.label))  # hides the class: its colour would tell
fig, axes = plt.subplots(1, 2, figsize=(11, 5), sharey=True)
for ax, i, name in zip(axes, pair, "AB", strict=True):
    plotting.jet_display(ax, anonymous, i)
    ax.set_title(f"jet {name}")
plt.show()

# %%
for i, name in zip(pair, "AB", strict=True):
    kind = test.names[test.label[i]]
    print(f"jet {name}: {kind}, mass {test.mass[i]:.0f} GeV, {test.n_constituents[i]} particles")

# %% [markdown]
# **Explain.** The top shares its energy among three quarks, so its jet has up to three cores far apart.
# A QCD jet starts from one quark or gluon, which radiates mostly at small angles. One jet of each kind
# proves nothing: these two were chosen with masses that are typical of their class.

# %% [markdown]
# ### Exercise 0.1: the mass of a jet
#
# All particles here count as massless, but their sum has a mass. Complete the function. `p4` has the
# shape (jets, particles, 4) and holds $(E, p_x, p_y, p_z)$ in GeV. It is zero where there is no particle.


# %%
def invariant_mass(p4):
    """Mass (N,) of each jet in GeV, from the four-vectors (N, P, 4) of its particles."""
    # BEGIN SOLUTION
    energy, px, py, pz = p4.sum(axis=1).T
    return np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Einstein: $m^2 = E^2 - |\vec p|^2$, for the jet as a whole. What is the energy of the jet, and what is
# its momentum?

# %% [markdown] tags=["hint"]
# `p4.sum(axis=1)` adds up the particles of each jet and has the shape (jets, 4). Rounding can make
# $m^2$ a little negative: `np.maximum(m2, 0)` before the root avoids NaN.

# %%
invariant_mass = check("0.1", invariant_mass)

# %% [markdown]
# ## 2 · One line of physics: a cut on the mass
#
# A jet that contains all decay products of a top should have the mass of a top, 172 GeV.
#
# **Predict.** Where are the masses of the QCD jets: at zero, since quarks and gluons are nearly massless,
# or everywhere? Which share of the QCD jets is inside a window around the top mass: a half, a tenth, a
# hundredth?

# %%
masses = invariant_mass(test.four_vectors().astype(float))
low, high = 150, 195  # GeV

fig, ax = plt.subplots()
by_class = {name: masses[test.label == k] for k, name in enumerate(test.names)}
plotting.histogram(ax, by_class, bins=np.linspace(0, 300, 61), xlabel="jet mass [GeV]")
ax.axvspan(low, high, color="0.9", zorder=0, label="window")
ax.legend()
plt.show()
# %%
inside = (masses > low) & (masses < high)
for name, values in by_class.items():
    share = np.mean((values > low) & (values < high))
    error = np.sqrt(share * (1 - share) / len(values))
    print(f"{name:>4}: ({100 * share:.1f} ± {100 * error:.1f}) % of the jets are in the window")

# %% [markdown]
# **Explain.** The masses of the QCD jets are neither zero nor everywhere: most are far below the top mass,
# and a tail reaches it. The second line printed is the answer to the question: the share in the window.
# A quark that radiates a gluon at an angle is no longer massless: $m^2 \approx p_{T,1}\,
# p_{T,2}\,\Delta R^2$. Most radiation is soft or at a small angle, so most masses are small. We turn the cut
# into a score, the negative distance from the top mass: a mass closer to 172 GeV is more like a top.

# %%
mass_score = -np.abs(masses - 172)

# %% [markdown]
# ## 3 · A network that reads every particle
#
# A **Particle Flow Network** [1] applies one small network $\Phi$ to each particle $p_i$ and adds up
# the outputs. A second network $F$ turns the sum into a score:
#
# $$ \text{score} = F\Big(\sum_{i} \Phi(p_i)\Big), \qquad
#    p_i = \big(p_{T,i}/p_T,\ \eta_i - \eta,\ \phi_i - \phi\big) $$
#
# The sum does not depend on the order of the particles, and any number of particles can be added.
# `network_inputs` divides the three numbers by their typical size (0.05, 0.3, 0.3), because networks
# learn much faster from numbers of order one.
#
# **Predict.** Nobody tells the network about masses. How many passes over the training jets does it need
# to beat the cut: one, ten, a hundred?

# %%
torch.manual_seed(SEED)
network = ParticleFlowNetwork(n_features=3)
history = training.fit(
    network,
    (*network_inputs(train), train.label),
    training.cross_entropy,
    validation=(*network_inputs(val), val.label),
    epochs=sizes.epochs,
    batch_size=sizes.batch_size,
    learning_rate=3e-3,
    schedule=training.cosine,
    callbacks=[plotting.LiveLoss()],
    seed=SEED,
)
print(history)
print(f"{training.count_parameters(network):,} parameters")

# %%
at_best = training.predict_probability(network, network_inputs(val))[:, 1]
print(
    "on the validation jets, mass cut:",
    f"AUC {metrics.auc(val.label, -np.abs(val.mass - 172)):.3f}",
)
print("on the validation jets, network: ", f"AUC {metrics.auc(val.label, at_best):.3f}")

# %% [markdown]
# **Explain.** The curves show how much each pass brings; the two numbers say whether the network has
# overtaken the cut. The next section asks this on jets that decided nothing.

# %% [markdown]
# ## 4 · Which is better?
#
# Every threshold on a score keeps a share $\varepsilon_S$ of the tops and a share $\varepsilon_B$ of the
# QCD jets. Physicists draw the **background rejection** $1/\varepsilon_B$. A rejection of 100 means that
# one QCD jet in 100 passes. The bands show the error of the test sample: we draw the test jets again,
# with replacement, many times (bootstrap).

# %%
network_score = training.predict_probability(network, network_inputs(test))[:, 1]
scores = {"mass cut": mass_score, "Particle Flow Network": network_score}

fig, ax = plt.subplots()
plotting.roc_curves(ax, test.label, scores, n_bootstrap=sizes.bootstraps)
plt.show()


# %%
def summary(labels, scores, metric):
    """A metric of each score with its bootstrap interval."""
    rng = np.random.default_rng(SEED)
    return {
        name: metrics.bootstrap(metric, labels, score, n_bootstrap=sizes.bootstraps, rng=rng)
        for name, score in scores.items()
    }


for metric in (metrics.auc, metrics.background_rejection):
    for name, interval in summary(test.label, scores, metric).items():
        print(f"{metric.__name__:>21}  {name:<22} {interval}")

# %% [markdown]
# **An honest sentence.** Both taggers scored the same test jets, so they share the fluctuations of the
# sample. Their ratio is known better than either number. The next cell compares them at the signal
# efficiency of the mass window, and says what we may claim about this one training. (Another seed gives
# another network: the dashboard in section 6 has three of them.)

# %%
fair = compare_at_equal_efficiency(test.label, inside, network_score)
print(f"Both keep {100 * fair.cut.signal_efficiency.value:.0f} % of the tops. ", end="")
if abs(fair.sigmas) < 2:
    print(f"On {len(test)} test jets they cannot be told apart ({fair.sigmas:+.1f} σ).")
else:
    better = "network" if fair.sigmas > 0 else "mass cut"
    print(f"The {better} is better: the cut lets {fair.gain} times as many QCD jets")
    print(f"pass as the network ({abs(fair.sigmas):.0f} σ), after {len(train)} training jets.")

# %% [markdown]
# ### What is a rejection worth?
#
# In a sample with $S$ tops among $B$ QCD jets, a selection leaves $\varepsilon_S S$ and $\varepsilon_B B$.
# The ratio of signal to background grows by $\varepsilon_S/\varepsilon_B$. A cross section is measured by
# counting: $\hat\sigma = (N - \varepsilon_B B) / (\varepsilon_S L)$ for the luminosity $L$. Its relative
# error is $\sqrt{N + (u\,\varepsilon_B B)^2} / (\varepsilon_S S)$ if the background is known to a share $u$.
#
# **Predict.** With one top in a thousand jets and $u$ = 5 %: does the network at 50 % efficiency halve the
# error of the cut?

# %%
tops, qcd, known_to = 1_000, 1_000_000, 0.05
print(f"{tops} tops among {qcd:,} QCD jets, the background known to {100 * known_to:.0f} %")
print(f"{'':>24}{'εS':>6}{'1/εB':>7}{'S':>6}{'B':>8}{'S/B':>8}{'error of the cross section':>28}")
for name, score in {"all jets": None, **scores}.items():
    for efficiency in (1.0,) if score is None else (0.3, 0.5):
        rejected = (
            1 if score is None else metrics.background_rejection(test.label, score, efficiency)
        )
        signal, background = efficiency * tops, qcd / rejected
        error = np.sqrt(signal + background + (known_to * background) ** 2) / signal
        row = f"{name:>24}{efficiency:>6.1f}{rejected:>7.0f}{signal:>6.0f}{background:>8.0f}"
        print(f"{row}{signal / background:>8.3f}{100 * error:>26.0f} %")

# %% [markdown]
# **Explain.** Without a selection the background hides everything: its uncertainty alone is fifty times the
# signal. As long as $u\,\varepsilon_B B$ is the largest term, the error falls like
# $\varepsilon_B/\varepsilon_S$: twice the rejection, half the error. The real ratio of tops to QCD jets depends
# on the momentum and on the other cuts; one in a thousand is the number from the first lines above.
#
# **Try it.** Where would you cut? Move the threshold, then change what is known of the background.

# %%
import ipywidgets

from hepml_lite.course.try_it import try_it


def at_efficiency(efficiency, known_to):
    """Scores with the threshold, and the error of the cross section at each efficiency."""
    fig, axes = plt.subplots(1, 2, figsize=(13, 4.5))
    threshold = np.quantile(network_score[test.label == 1], 1 - efficiency)
    shown = {name: network_score[test.label == k] for k, name in enumerate(test.names)}
    plotting.histogram(axes[0], shown, np.linspace(0, 1, 41), "score of the network")
    axes[0].axvline(threshold, color="black", ls="--")
    axes[0].set_yscale("log")
    grid = np.linspace(0.1, 0.9, 33)
    for name, score in scores.items():
        background = qcd / metrics.background_rejection(test.label, score, grid)
        error = np.sqrt(grid * tops + background + (known_to / 100 * background) ** 2)
        axes[1].plot(
            grid, error / (grid * tops), **plotting.class_style(name), label=name, markevery=8
        )
    axes[1].axvline(efficiency, color="black", ls="--")
    axes[1].set(xlabel="signal efficiency", ylabel="relative error", yscale="log")
    axes[1].legend()
    return fig


# %%
efficiency = ipywidgets.FloatSlider(
    0.5, min=0.1, max=0.9, step=0.05, description="εS", continuous_update=False
)
known = ipywidgets.IntSlider(5, 0, 50, step=5, description="known to [%]", continuous_update=False)
try_it(at_efficiency, efficiency=efficiency, known_to=known)

# %% [markdown]
# ### How much of that is the number of jets?
#
# The cut needs no training at all. **Predict:** below how many training jets does the network lose its
# advantage?


# %%
def scores_after(n):
    """Scores of the test jets from a network trained on the first n training jets."""
    torch.manual_seed(SEED)
    small = ParticleFlowNetwork(n_features=3)
    training.fit(
        small,
        (*network_inputs(train[:n]), train.label[:n]),
        training.cross_entropy,
        epochs=int(np.clip(60_000 // n, sizes.epochs, sizes.most_epochs)),  # more for fewer jets
        batch_size=min(sizes.batch_size, 1 + n // 20),
        learning_rate=3e-3,
        schedule=training.cosine,
        seed=SEED,
        progress=False,
    )
    return training.predict_probability(small, network_inputs(test))[:, 1]


numbers = [n for n in (100, 300, 1000, 3000, 10_000) if n < len(train)] + [len(train)]
by_number = {n: network_score if n == len(train) else scores_after(n) for n in numbers}

# %%
aucs = summary(test.label, by_number, metrics.auc)
cut = summary(test.label, scores, metrics.auc)["mass cut"]
errors = np.transpose([auc.errors for auc in aucs.values()])

fig, ax = plt.subplots()
ax.axhspan(cut.low, cut.high, alpha=0.3, color=plotting.class_style("mass cut")["color"])
ax.axhline(cut.value, **plotting.class_style("mass cut") | {"marker": ""}, label="mass cut")
style = plotting.class_style("Particle Flow Network")
ax.errorbar(numbers, [auc.value for auc in aucs.values()], errors, **style, label="network")
ax.set(xscale="log", xlabel="training jets", ylabel="area under the ROC curve")
ax.legend(loc="lower right")
plt.show()
better = [n for n, auc in aucs.items() if auc.low > cut.high]
print(f"the network is better with {', '.join(map(str, better)) or 'none of these'} training jets")
print("(errors: the test sample; another training of the small ones adds more)")

# %% [markdown]
# **Explain.** The mass is knowledge: physicists worked it out over decades, and it needs no examples.
# The network must discover it from the jets alone, like everything else that separates three prongs from
# one. The line below the figure says with how many jets this paid off here. Some networks of theme 2 need
# fewer, because they need not learn the symmetries that are built into them.

# %% [markdown]
# ### Exercise 0.2: background rejection by hand
#
# Compute the number on the vertical axis of the ROC figure yourself. `labels` are 1 for tops and 0 for
# QCD. Larger `scores` are more like a top. `signal_efficiency` is the share of tops to keep.


# %%
def rejection(labels, scores, signal_efficiency):
    """1/eps_B at the threshold that keeps the given share of the signal."""
    # BEGIN SOLUTION
    threshold = np.quantile(scores[labels == 1], 1 - signal_efficiency)
    return 1 / np.mean(scores[labels == 0] > threshold)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Two steps: find the threshold above which 30 % of the *tops* lie; then count the *QCD jets* above it.

# %% [markdown] tags=["hint"]
# `np.quantile(x, 0.7)` is the value above which 30 % of `x` lie. `scores[labels == 1]` are the scores of
# the tops.

# %%
rejection = check("0.2", rejection)
for name, score in scores.items():
    print(f"{name}: 1/ε_B = {rejection(test.label, score, 0.3):.0f} at ε_S = 30 %")

# %% [markdown]
# ## 5 · Break it
#
# A simulation is never the real detector. In an analysis we fix the selection in simulation and then
# apply it to data. The window stays where it is, and so does the threshold on the network. **Predict:**
# what happens to both if all energies are measured 5 % too low? If one particle in five is lost?


# %%
def lose_particles(jets, share, rng):
    """The same jets after a detector that misses this share of the particles (never the hardest)."""
    kept = jets.mask & (rng.random(jets.mask.shape) > share)
    kept[:, 0] = True
    return replace(jets, mask=kept)


def scale_energy(jets, factor):
    """The same jets with all energies multiplied by a factor."""
    return replace(jets, constituents=jets.constituents * np.float32([factor, 1, 1]))


broken = {
    "as simulated": test,
    "energies 5 % too low": scale_energy(test, 0.95),
    "20 % of particles lost": lose_particles(test, 0.2, np.random.default_rng(SEED)),
}

# %%
print(f"{'':24}{'tops kept':>24}{'QCD jets kept':>24}")
for name, jets in broken.items():
    network_says = training.predict_probability(network, network_inputs(jets))[:, 1]
    for selection, passed in {
        "window": (jets.mass > low) & (jets.mass < high),
        "network": network_says >= fair.threshold,
    }.items():
        point = working_point(jets.label, passed)
        kept = f"{point.signal_efficiency!s:>24}{point.background_efficiency!s:>24}"
        print(f"{name:>22}, {selection:<8}{kept}")

# %% [markdown]
# **Explain.** The network reads shares of the jet's momentum, so a common scale of the energy does not
# change its score: its two columns are the same. The masses, however, move by 5 %, and with them the peak in
# the window. Lost particles change both selections: compare the last two rows with the first two. The inputs
# of a network decide which errors of the detector can change its score. The score itself gives no warning:
# only a comparison with data does.

# %% [markdown]
# ## 6 · Steer it yourself
#
# This is the dashboard of this notebook. Move the mass window and the threshold, and watch which jets
# pass. (Its networks were trained before. `hepml dashboards` shows the same page without a notebook.)

# %%
from widgets import show

show("start_here")

# %% [markdown]
# ## 7 · What the papers found
#
# The table shows the same network on the public data set of the top tagging comparison [2]. That data
# set has the same jet definition and window, a different detector simulation, and far more training jets.

# %%
paper = published.top_tagger("PFN")
ours = summary(test.label, {"network": network_score}, metrics.background_rejection)["network"]
our_auc = summary(test.label, {"network": network_score}, metrics.auc)["network"]
print(f"{'':>12} {'AUC':>18} {'1/ε_B at ε_S = 30 %':>22} {'training jets':>15}")
print(f"{'this run':>12} {our_auc!s:>18} {ours!s:>22} {len(train):>15,}")
rejection_of_paper = f"{paper.rejection:g}"
print(f"{'published':>12} {paper.auc:>18} {rejection_of_paper:>22} {paper.training_jets:>15,}")
print(f"published: {paper.source}; its error is the spread of nine trainings, ours the test sample")

# %% [markdown]
# ## 8 · Real collisions
#
# All jets above are simulated. The same formula for the mass works on collisions that the CMS experiment
# recorded in 2011: each event has two muons. If they come from one particle, their mass is its mass. The
# file (1 MB, CMS Open Data) is not part of the course; the cell says how to get it.

# %%
if registry.is_here(registry.place("cms_dimuon") / "Zmumu.csv"):
    muons = load("cms_dimuon", source="public")
    fig, ax = plt.subplots(figsize=(8, 4.5))
    label = "mass of the two muons [GeV]"
    plotting.histogram(ax, {"CMS 2011": muons["mass"]}, np.linspace(60, 120, 61), label)
    ax.set_ylabel("events / 1 GeV")
    ax.axvline(91.19, color="0.4", ls="--", label="Z boson, 91.19 GeV")
    ax.legend()
    plt.show()
    print(f"median mass of {len(muons)} pairs: {np.median(muons['mass']):.1f} GeV")
else:
    print("not on this machine; with a network, type in a terminal: hepml data fetch cms_dimuon")

# %% [markdown]
# ## Take away
#
# - A physical observable is a strong opponent. Compare with it, at equal efficiency, with errors.
# - From enough examples, a network learns what nobody told it.
# - "Better" always refers to a sample size, a working point and a detector.
#
# <details><summary>Why is the curve of the mass cut so uncertain at small signal efficiency?</summary>
#
# A tight cut leaves few QCD jets, and the relative error of a count of $n$ is about $1/\sqrt n$. A
# rejection of 1000 measured on 5000 QCD jets rests on five of them.
#
# </details>
#
# <details><summary>The network never saw the mass. How could you test whether it uses it?</summary>
#
# Compare jets of equal mass: if the scores still separate tops from QCD, the network uses more than the
# mass. Or look at the masses of the QCD jets that pass: is there a peak at 172 GeV? (There is: theme 2
# calls this sculpting.)
#
# </details>
#
# <details><summary>Adding up Φ makes the order of the particles irrelevant. What does it cost?</summary>
#
# Φ sees each particle alone. A property of two particles, such as the mass of a pair, must be computed
# from sums. Themes 1 and 2 have networks that look at pairs.
#
# </details>
#
# <details><summary>Twice the rejection: is the measured cross section twice as good?</summary>
#
# Only while the uncertain background is the largest error. Once its share is small, the error is that of the
# counted tops, $1/\sqrt{\varepsilon_S S}$, and a looser cut is better.
#
# </details>
#
# ## Where to go next
#
# | you have | go |
# |---|---|
# | 90 minutes | this notebook, then the tutorial of the theme whose question you like best |
# | half a day | 1 representations and 2 tagging, tutorial and exploration |
# | a week | one theme a day, 1 to 7; pick one open challenge and present it at the end |
#
# A theme that the map above calls "in preparation" is not in this copy of the course yet.
#
# **References.** [1] Komiske, Metodiev, Thaler, *Energy Flow Networks: deep sets for particle jets*,
# arXiv:1810.05165. [2] Kasieczka et al., *The Machine Learning landscape of top taggers*,
# arXiv:1902.09914. [3] Bierlich et al., *A comprehensive guide to the physics and usage of PYTHIA 8.3*,
# arXiv:2203.11601. [4] Cacciari, Salam, Soyez, *FastJet user manual*, arXiv:1111.6097.
