# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Explore: which tagger, and at what price?
#
# ![Background rejection of all top taggers against their number of parameters](../../docs/images/landscape.png)
#
# All taggers of the landscape have scored the same test jets. Choose up to four and move one threshold.
# You see more than a ROC curve: what the cut does to the mass of the background, and how the efficiencies
# change when the detector or the shower differs from the one in training.

# %% [markdown] tags=["objectives"]
# **After this notebook you can** choose a tagger for an analysis: by its rejection, by what it does to the
# mass spectrum of the background, and by how far it can be trusted.
#
# **You need** the tutorial of this theme, or to know what a ROC curve is.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles
from hepml_lite.checks import check
from hepml_lite.statistics.decorrelation import mass_sculpting
from hepml_lite.statistics.thresholds import threshold_at
from hepml_lite.tagging.training_recipes import TAGGERS
from widgets import show
from widgets.shared.linked import LinkedViews
from widgets.tagging.dashboard import stored_sample

plotting.use_style()
sizes = profiles.sizes("02_tagging", PROFILE)
print(sizes)

# %%
show("tagging")

# %% [markdown]
# ## Questions to answer with the dashboard
#
# 1. Set the signal efficiency to 0.3, then to 0.8. Is the order of the taggers the same? By which number
#    would you have ranked them, and what would that ranking be worth at your working point?
# 2. Clear the box *same εS*, so that all taggers are cut at the same score. Do they keep the same share of
#    the tops? If not, which property do their scores lack?
# 3. Four taggers are given the mass: the cut, the trees and the two of N-subjettiness. The others are not told it.
#    Look at the spectrum of the QCD jets that pass the cut. Which taggers have learned the mass? An analysis looks for tops as a
#    bump in this spectrum. What would it find in a sample without any tops?
# 4. Choose *lost particles* and go from mild to strong, first for QCD jets, then for top jets. Which taggers
#    accept *more* background, and which accept fewer tops? The energy flow network (EFN) hardly changes.
#    Which property of its architecture explains this?
# 5. Energies measured 5 % too high change the tagger on the mass a lot, and some others not at all. Which
#    ones do not change, and which inputs do they read?
# 6. Which tagger has the best rejection, and which one changes least under all medium variations? Which of
#    the two would you take for a search, and which for a measurement of the top cross section?
# 7. You have 300 labelled jets and no more. Which of the taggers under *Jets to learn from* would you train?
#    Only one network is as good as the trees. What is built into it before any training?
#
# <details><summary>Answers</summary>
#
# 1. Not quite: at 0.3 a handful of QCD jets decides and the intervals overlap; at 0.8 hundreds pass, and the networks
#    with relativity, N-subjettiness, ParticleNet and the trees are within a fifth of each other. An order at another
#    working point than yours is worth little.
# 2. No: at score 0 they keep from 84 to 97 % of the tops. Their scores are not equally calibrated.
# 3. All of them: the spectrum after each cut has a bump near the top mass. A search would find the bump in a sample
#    without any tops, and call it one.
# 4. With lost particles many accept fewer tops *and* more QCD jets: masses and counts move. In the EFN each particle
#    has its momentum as weight, so a lost soft particle changes little. Its rejection is also a tenth of the best.
# 5. Those that read only shares of the momentum and angles (EFN, PFN, EFP, the images) do not change at all. Masses
#    and four-vectors in GeV do.
# 6. The best rejection has one of {LorentzNet, PELICAN, N-subjettiness}; the EFN and EFP change least. A search
#    with a measured background takes the first; a measurement with a large systematic error wants the second, as
#    long as its efficiency is measured.
# 7. The trees, or PELICAN: it reads only products of four-vectors, so it need not learn that turns and boosts mean
#    nothing.
#
# </details>
#
# ## The same with your own code
#
# Train one of them yourself, on fewer jets than the stored ones had, and compare it with them. **Predict**
# first: between which two taggers will it be?

# %%
train = load("top_tagging", split="train")[: sizes.train_jets]
test = load("top_tagging", split="test")  # all: those that the stored taggers have scored
mine = TAGGERS["PFN"](epochs=sizes.epochs).fit(train, seed=SEED)
scores = mine.score(test)
area = metrics.bootstrap(metrics.auc, test.label, scores, n_bootstrap=sizes.bootstraps, rng=SEED)
print(f"trained in {mine.seconds:.0f} s on {len(train)} jets: AUC {area}")

# %%
sample = stored_sample().with_tagger("mine", scores, mine.n_parameters)
show("tagging", sample=sample, first="mine")

# %% [markdown]
# ### Brush the jets
#
# Each point is a jet. Draw a box around jets that one tagger calls top and the other QCD. Which masses do they have?

# %%
first, second = "LorentzNet", "PFN"
order = np.random.default_rng(SEED).permutation(len(stored_sample().jets))[: sizes.shown_jets]
pool = stored_sample().jets
table = pd.DataFrame(
    {
        f"score of {first}": pool.trainings(first)[0][order],
        f"score of {second}": pool.trainings(second)[0][order],
        "mass [GeV]": pool.mass[order],
        "pT [GeV]": pool.pt[order],
    }
)
pairs = [(f"score of {first}", f"score of {second}"), ("mass [GeV]", f"score of {first}")]
pairs += [("mass [GeV]", "pT [GeV]"), ("mass [GeV]", f"score of {second}")]
views = LinkedViews(table, pairs)
views

# %%
chosen = pool.label[order][views.selected().index]
print(f"{len(chosen)} jets selected, {np.mean(chosen):.0%} of them are tops")
print(f"their median mass: {views.selected()['mass [GeV]'].median():.0f} GeV")

# %% [markdown]
# **Explain.** (Run the last cell again after a selection.) Where both taggers agree, the jets have masses that fit. Where
# they do not, look at the masses: many of these jets are on the slopes of the peak, where one tagger trusts the mass
# more than the other.
#
# ### What the dashboard calls sculpting
#
# The Jensen–Shannon divergence compares the masses of the QCD jets that pass with the masses of those that
# fail. It is 0 bits if the two distributions are equal, and 1 bit if they do not overlap. Even a random cut
# has a small divergence, the larger the fewer jets pass. So divergences are compared at the same number of QCD jets
# that pass: here 4 % of them for each tagger, and chance is the same for all.

# %%
scored = sample.jets  # masses, labels and scores of the test jets
for name in scored.taggers:
    row = scored.trainings(name)[0]
    cut = np.quantile(row[scored.label == 0], 0.96)
    kept = np.mean(row[scored.label == 1] >= cut)  # of the tops
    bent = mass_sculpting(
        scored.label, row, scored.mass, kept, n_bootstrap=sizes.bootstraps, rng=SEED
    )
    print(f"{name:>20}: εS {kept:.2f}, JSD {bent.jsd} bits (chance: {bent.floor:.3f})")

# %% [markdown]
# **Explain.** A tagger that only knows the mass sculpts the most. The networks know more, so they also
# accept QCD jets outside the peak. But none of them ignores the mass: all are far above chance.
#
# ## An open challenge: flat in mass
#
# **Exercise 2.6.** Make a new score from the score of the particle flow network and the mass. A cut on it
# must not change the masses of the background: at $\varepsilon_S = 0.5$ the divergence is at most 0.05 bits.
# Get as much rejection as you can. You may learn from half of the jets; the check judges with the other
# half.

# %%
odd = np.arange(len(scored)) % 2 == 1
network = scored.trainings("PFN")[0]
learn = {"score": network[odd], "mass": scored.mass[odd], "label": scored.label[odd]}
judge = {"score": network[~odd], "mass": scored.mass[~odd], "label": scored.label[~odd]}


# %%
def flat(score, mass):
    """A new score (N,) from score (N,) and mass (N,) [GeV] of jets."""
    # BEGIN SOLUTION
    qcd = learn["label"] == 0
    edges = np.quantile(learn["mass"][qcd], np.linspace(0, 1, 26)[1:-1])
    place = np.digitize(mass, edges)  # which bin of mass
    found = np.empty(len(score))
    for k in range(len(edges) + 1):
        like = np.sort(learn["score"][qcd & (np.digitize(learn["mass"], edges) == k)])
        found[place == k] = np.searchsorted(like, score[place == k]) / len(like)
    return found
    # END SOLUTION


# %% [markdown] tags=["hint"]
# A cut on the new score should keep the same share of the QCD jets at each mass. Which function of a score
# is uniformly distributed for every distribution of the scores?

# %% [markdown] tags=["hint"]
# Take bins of mass. In each one replace the score of a jet by the share of the QCD jets of `learn` in the
# same bin that score lower: `np.searchsorted` in the sorted scores counts them.

# %%
flat = check(
    "2.6",
    flat,
    **judge,
    learn_score=learn["score"],
    learn_mass=learn["mass"],
    learn_label=learn["label"],
)

# %%
fig, ax = plt.subplots()
qcd, new = judge["label"] == 0, flat(judge["score"], judge["mass"])
masses = {"all QCD": judge["mass"][qcd]}
for name, score in {"PFN": judge["score"], "flat": new}.items():
    passed = score >= threshold_at(score[judge["label"] == 1], 0.5)
    masses[name] = judge["mass"][qcd & passed]
plotting.histogram(ax, masses, np.arange(0, 301, 20), "jet mass [GeV]", density=True)
plt.show()

# %% [markdown]
# **Explain.** The flat score has lost most of its rejection, because most of the rejection came from the
# mass. ($\tau_{32}$ alone, which hardly knows the mass, is not worse: the tutorial shows both. A network that never
# needed to learn the rest has little left.) It may still be the better score. If the background keeps its shape, its sidebands tell how much
# background is under the peak, and the mass can be used afterwards.
#
# ## What is a robust tagger worth?
#
# A cut leaves $S$ signal and $B$ background jets. We know $B$ only with a relative error `error`, because we
# do not know the detector and the shower exactly.
#
# **Exercise 2.7.** How many standard deviations is the signal above the background? The background
# fluctuates by $\sqrt{B}$, and the two errors are independent.


# %%
def significance(signal, background, error):
    """The excess in standard deviations; all three arguments are numbers or arrays."""
    # BEGIN SOLUTION
    return signal / np.sqrt(background + (error * background) ** 2)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# With 1000 background jets and `error = 0.1`, the systematic error is ± 100 and the fluctuation ± 32.

# %%
significance = check("2.7", significance)

# %% [markdown]
# The tutorial compares the taggers at $\varepsilon_S = 0.8$. Choose another working point: here it is 0.6, again with
# 1000 tops among 100 000 QCD jets. Their `error` says how far the background may move under the mild variations of
# the detector in the dashboard. We take the far end of each error bar and add all of them in quadrature, which is
# careful: for few jets that pass, it is mostly statistics. (The sample with another shower is too small for
# this.) **Predict**: will the order of the taggers be the same with and without this error?

# %%
detector = ["energy scale up", "energy resolution", "angular resolution"]
detector += ["lost particles", "soft threshold"]
EFFICIENCY = 0.6
for name in stored_sample().jets.taggers:
    row = scored.row(name)
    cut = sample.thresholds[row, round(100 * EFFICIENCY) - 1]
    moved = [sample.shift(row, change, 0, 0, cut) for change in detector]
    error = np.sqrt(sum(max(abs(end - 1) for end in ratio[1:]) ** 2 for ratio in moved))
    rejected = metrics.background_rejection(scored.label, sample.scores[row], EFFICIENCY)
    chance, both = (significance(1000 * EFFICIENCY, 100_000 / rejected, e) for e in (0, error))
    print(f"{name:>20}: {chance:4.1f} σ; with background ± {100 * error:3.0f} %: {both:4.1f} σ")

# %% [markdown]
# **Explain.** Once the uncertain background is larger than its fluctuation, only
# $\varepsilon_S / (\text{error} \cdot \varepsilon_B)$ counts: a tagger with twice the error needs twice the
# rejection. The best rejection no longer wins. But many of these errors come mostly from statistics: only a
# few dozen background jets pass. Would you rank two taggers by them? No error includes a variation that
# nobody thought of. So experiments measure the efficiency of a tagger in data.
#
# ## Six kinds of jets at once
#
# A tagger can have more than two classes. One network with six outputs learns quark, gluon, W, Z, top and
# Higgs jets together. **Predict**: which two kinds will it confuse most, and which kind will it recognise
# best?

# %%
import torch

from hepml_lite import training
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.inputs import network_inputs
from hepml_lite.tagging import multiclass

six, six_test = (load("jet_classes", PROFILE, split) for split in ("train", "test"))


# %%
def six_kinds(seed):
    """A particle flow network with six outputs, trained on all kinds of jets."""
    torch.manual_seed(seed)
    network = ParticleFlowNetwork(3, (100, 100, 128), (100, 100), n_classes=6)
    training.fit(
        network,
        (*network_inputs(six), six.label),
        training.cross_entropy,
        epochs=3 * sizes.epochs,
        batch_size=128,
        learning_rate=2e-3,
        schedule=training.cosine,
        seed=seed,
    )
    return network


# %%
pretrained = six_kinds(SEED)
probabilities = training.predict_probability(pretrained, network_inputs(six_test))
right = multiclass.multiclass_accuracy(six_test.label, probabilities)
print(f"right: {right} of the jets, by guessing 1/6 = 0.167")

# %%
fig, ax = plt.subplots(figsize=(8, 6.5))
matrix = multiclass.confusion(six_test.label, probabilities, six_test.names)
multiclass.confusion_figure(ax, matrix)
plt.show()

# %%
wrong = matrix.fractions.copy()
np.fill_diagonal(wrong, 0)
for row in np.argsort(-wrong.max(axis=1)):
    column = wrong[row].argmax()
    print(
        f"{100 * wrong[row, column]:4.1f} % of the {six_test.names[row]} jets are called {six_test.names[column]}"
    )

# %% [markdown]
# **Explain.** The lines above answer both questions. W and Z differ by 11 GeV in mass and hardly in anything else that
# this detector sees. Quark and gluon differ in how much they radiate. A top jet has many particles and a large
# mass, and so have some gluon jets: no kind has a property that no other kind ever has.
#
# ## Learned elsewhere: transfer
#
# The network above has never seen a jet of the top tagging sample. But it has seen 1800 labelled top jets and as many
# quark and gluon jets of another energy, so the first line below is what it knows with *no* label of this
# sample: its own odds of top against quark or gluon. Then we replace its last layer, and
# **fine-tune** it with few labelled jets. **Predict**: how many labels does this save?

# %%
from hepml_lite.tagging import transfer

top_train = load("top_tagging", PROFILE, "train")
top_test = load("top_tagging", PROFILE, "test")[: sizes.varied_jets]


def odds_of_top(network, jets):
    """ln of p(top) over p(quark) + p(gluon), for a network of six classes."""
    of_class = training.predict_probability(network, network_inputs(jets))
    quark, gluon, top = (of_class[:, six.names.index(name)] for name in ("quark", "gluon", "top"))
    return np.log(top + 1e-9) - np.log(quark + gluon + 1e-9)


# %%
zero_shot = metrics.bootstrap(
    metrics.auc, top_test.label, odds_of_top(pretrained, top_test), sizes.bootstraps, SEED
)
print(f"without a label of this sample: AUC {zero_shot}")


def untrained(seed):
    """The same network before any training."""
    torch.manual_seed(seed)
    return ParticleFlowNetwork(3, (100, 100, 128), (100, 100), n_classes=2)


def fine_tuned(seed):
    """The network that learned six kinds of jets, with a new last layer for two classes."""
    return transfer.with_new_head(pretrained, 2, seed)


# %%
methods = {
    "from scratch": transfer.fine_tuning(untrained, steps=sizes.steps, body_factor=1.0),
    "fine-tuned": transfer.fine_tuning(fine_tuned, steps=sizes.steps),
}
numbers = [n for n in (100, 3_000) if n <= len(top_train) // 3]
labelled = (*network_inputs(top_train), top_train.label)
judging = (*network_inputs(top_test), top_test.label)
curves = {name: [] for name in methods}
for n in numbers:
    for name, method in methods.items():
        found = transfer.data_efficiency({name: method}, labelled, judging, [n], seeds=(0, 1, 2))
        curves[name] += found[name]
        print(f"{n:>5} labels, {name:>12}: AUC {found[name][0].auc}", flush=True)

# %%
fig, ax = plt.subplots()
for i, (name, curve) in enumerate(curves.items()):
    values = [probe.auc.value for probe in curve]
    errors = np.transpose([probe.auc.errors for probe in curve])
    ax.errorbar(numbers, values, errors, label=name, **plotting.class_style(i))
ax.axhline(zero_shot.value, color="0.4", ls=":", label="no label of this sample")
ax.set(xscale="log", xlabel="labelled top tagging jets", ylabel="AUC")
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# **Explain.** Both networks had the same number of steps. With a hundred labels the network from scratch
# knows only these hundred jets. The other network already knew prongs. Its first jets had 1 TeV instead of 600 GeV,
# where the prongs of a top are closer together: compare the dotted line with what a hundred labels make of it.
# With more labels its advantage shrinks. Published taggers gain a factor in rejection
# from pre-training on a hundred million jets (Qu, Li, Qian, arXiv:2202.03772).
#
# ## How sure is it?
#
# A score has an error of its own: another training would give another score. A **Bayesian last layer**
# estimates this error from one training. The weights of the last layer get a Gaussian distribution (Laplace
# approximation), and all other weights stay fixed.

# %%
from hepml_lite.tagging.bayesian_last_layer import BayesianLastLayer

few = top_train[: sizes.labelled_jets]
posteriors = {}
for n in (len(few) // 8, len(few)):
    learn_from = (*network_inputs(few[:n]), few.label[:n])
    tuned = fine_tuned(SEED)
    transfer.fine_tune(tuned, learn_from, steps=sizes.steps, seed=SEED)
    posterior = BayesianLastLayer(tuned).fit(learn_from[:-1], learn_from[-1])
    posteriors[n] = posterior.log_odds(network_inputs(top_test))
    print(f"{n:>5} labels: a log-odds is known to ± {np.median(posteriors[n][1]) ** 0.5:.2f}")

# %%
fig, ax = plt.subplots()
for i, (n, (mean, variance)) in enumerate(posteriors.items()):
    style = plotting.class_style(i) | {"linestyle": "", "ms": 3, "alpha": 0.3}
    ax.plot(mean, np.sqrt(variance), **style, label=f"{n} labels")
ax.set(xlabel="log-odds of top against QCD", ylabel="its standard deviation", yscale="log")
ax.legend(markerscale=3)
plt.show()
mean, variance = posteriors[len(few)]
places = np.quantile(mean, np.linspace(0, 1, 9))
for k in range(8):
    low, high = places[k : k + 2]
    inside = (mean >= low) & (mean <= high)
    print(f"log-odds {low:+6.1f} to {high:+6.1f}: ± {np.median(np.sqrt(variance[inside])):.2f}")

# %% [markdown]
# **Explain.** More labels give smaller errors. The error grows at both ends, where all jets are of one kind and the
# data do not fix how steep the score is. The smallest error need not be at zero: read off where it is. It is where
# the features of the jets are closest to those of most jets of the training. This error does not include what the
# frozen part of the network never learned.
#
# ## What did it learn?
#
# Nobody told the networks about masses or prongs. Do they know them? A **linear probe** answers: a straight line from
# the last hidden layer to the observable, fitted on some jets and judged on others. $R^2$ is the share of the variance
# that the line finds. Below it stands the same network *before* its training, because random features know much, too.
#
# **Predict.** Which observable is easiest to read off: mass, number of particles, $\tau_{32}$, or the pseudorapidity,
# which no tagger needs?

# %%
from hepml_lite.jet_physics.observables.catalogue import OBSERVABLES
from hepml_lite.tagging.hidden_layer import read_off
from hepml_lite.tagging.trained import trained_tagger

asked = top_test[: sizes.probed_jets]
learn_jets, judge_jets = asked[::2], asked[1::2]
axis = np.average(asked.constituents[..., 1], axis=1, weights=asked.constituents[..., 0])
wanted = {name: OBSERVABLES[name](asked) for name in ("mass", "multiplicity", "tau21", "tau32")}
wanted["pseudorapidity"] = axis
probes = pd.DataFrame(index=pd.MultiIndex.from_product([wanted, ["trained", "untrained"]]))
for name in ("PFN", "ParticleNet", "ParT", "L-GATr-slim", "PELICAN"):
    print(f"reading {name} ...")
    for observable, values in wanted.items():
        read = read_off(trained_tagger(name), learn_jets, judge_jets, (values[::2], values[1::2]))
        probes.loc[(observable, "trained"), name] = f"{read.trained:.2f}"
        probes.loc[(observable, "untrained"), name] = f"{read.untrained:.2f}"
display(probes)

# %% [markdown]
# **Explain.** The errors are those of the judged jets. A number that lies well above the one below it was *learned*:
# the training made it easy to read. Where both are high, it was in the inputs already. Where the trained one is lower
# by more than the errors, the network gave up what it does not need. A low number does not mean that the network
# ignores the observable: it may use it in a form that is not a straight line. Nobody needs the pseudorapidity, and the
# last two rows say whether anyone kept it.
#
# ### Another way, and a judge for both
#
# A **variational** network (arXiv:1904.10004) gives *each* weight a Gaussian and learns its mean and width in the training:
# the loss is the cross entropy plus the distance of all Gaussians from a prior, divided by the number of jets. Which
# error is right? Retrain: six networks on six other sets of jets show how far a score really moves. All networks here
# read six observables, because such a training takes a second.
#
# **Predict.** Which of the two errors is closer to the spread of the retrainings?

# %%
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.tagging.variational_network import (
    VariationalMLP,
    log_odds_draws,
    variational_loss,
)

SIX = ("mass", "multiplicity", "width", "pt_dispersion", "tau21", "tau32")
TRAININGS, each = 6, sizes.labelled_jets // 8


def six_numbers(jets):
    """Six observables of each jet, (N, 6)."""
    return np.column_stack([OBSERVABLES[name](jets) for name in SIX]).astype(np.float32)


several = top_train[: TRAININGS * each]
seen, unseen = six_numbers(several), six_numbers(top_test[:1000])
unseen = (unseen - seen.mean(axis=0)) / seen.std(axis=0)
seen = (seen - seen.mean(axis=0)) / seen.std(axis=0)


# %%
def learned(network, loss, k, learning_rate):
    """Train on the k-th set of jets."""
    rows = slice(k * each, (k + 1) * each)
    settings = {"batch_size": 50, "learning_rate": learning_rate, "schedule": training.cosine}
    data = (seen[rows], several.label[rows])
    epochs = 12 * sizes.epochs
    training.fit(network, data, loss, epochs=epochs, seed=k, progress=False, **settings)
    return network


moved = []
for k in range(TRAININGS):
    torch.manual_seed(k)
    plain = learned(MLP((6, 32, 2)), training.cross_entropy, k, 3e-3)
    logits = training.predict(plain, (unseen,))
    moved.append(logits[:, 1] - logits[:, 0])
last = slice((TRAININGS - 1) * each, TRAININGS * each)
laplace = BayesianLastLayer(plain).fit((seen[last],), several.label[last])
errors = {"Laplace, last layer": np.sqrt(laplace.log_odds((unseen,))[1])}
for prior in (1.0, 0.3):
    torch.manual_seed(SEED)
    network = learned(VariationalMLP((6, 32, 2), prior), variational_loss(each), 0, 1e-2)
    errors[f"variational, prior ± {prior}"] = log_odds_draws(network, unseen).std(axis=0)

# %%
spread = np.std(moved, axis=0, ddof=1)
print(f"{'spread of retrainings':>24}: median ± {np.median(spread):.2f}")
for name, error in errors.items():
    print(f"{name:>24}: median ± {np.median(error):.2f}, over the spread", end=" ")
    print(f"{np.median(error) / np.median(spread):.1f}")

# %% [markdown]
# **Explain.** The last column would be one for an honest error. The variational error depends on the prior: many weights
# are hardly fixed by so few jets, and keep the width that the prior gave them. A Gaussian for each weight by itself also
# knows no correlations between weights. An error bar of a network is a claim, and retraining is the test of it.
#
# ## Another generator
#
# Pythia has two showers: the simple one, with which all taggers were trained, and Vincia. How different are they? A
# classifier finds any difference in the numbers that it reads: its AUC is 0.5 only if there is none. **Predict**:
# which is larger, the difference for QCD or for top jets?

# %%
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict

vincia = load("top_tagging_vincia", PROFILE)
READ = ("mass", "multiplicity", "width", "pt_dispersion", "tau21", "tau32")


def told_apart(first, second):
    """AUC of boosted trees on six observables that tell two samples apart, cross-validated."""
    x = np.concatenate(
        [np.column_stack([OBSERVABLES[n](j) for n in READ]) for j in (first, second)]
    )
    y = np.repeat([0, 1], [len(first), len(second)])
    trees = HistGradientBoostingClassifier(max_iter=40, learning_rate=0.1, max_leaf_nodes=6)
    score = cross_val_predict(trees, x, y, cv=5, method="decision_function")
    return metrics.bootstrap(metrics.auc, y, score, sizes.bootstraps, SEED)


# %%
for kind in top_test.names:
    simple = top_test.of_class(kind)
    other = vincia.of_class(kind)
    n = min(len(simple) // 2, len(other))
    print(
        f"{kind:>4}: simple shower against Vincia: AUC {told_apart(simple[:n], other[:n])};",
        end=" ",
    )
    print(f"against itself: {told_apart(simple[:n], simple[n : 2 * n])}")
    for name in READ[:2]:
        means = [np.mean(OBSERVABLES[name](jets)) for jets in (simple, other)]
        print(f"      mean {name}: {means[0]:.1f}, Vincia {means[1]:.1f}")

# %% [markdown]
# **Explain.** Only what is above the number "against itself" is a difference. A small one is no comfort: a tight cut selects
# rare jets, and their share can change by a factor of two while most jets look the same. Compare with the row *Vincia
# shower* of the dashboard.
#
# ## Calibration in data: tag and probe
#
# No experiment trusts such a simulation. It selects top pairs by one half of the event (the *tag*, a lepton and a b jet)
# and asks how often the other half (the *probe*) passes. Some probes are no tops, so the shares of tops are fitted in
# the mass spectrum, separately for the probes that pass and that fail. The **scale factor** is
# $\varepsilon_\text{data}/\varepsilon_\text{simulation}$. Here Vincia plays the data, with one probe in six from QCD.
#
# **Predict.** How well do a thousand tops measure the scale factor: to 10 %, 3 %, 1 %?

# %%
tagger = trained_tagger("PFN")
cut = threshold_at(tagger.score(top_test)[top_test.label == 1], 0.5)
tops = vincia.of_class("top")
probes = vincia[
    np.concatenate(
        [np.flatnonzero(vincia.label == 1), np.flatnonzero(vincia.label == 0)[: len(tops) // 5]]
    )
]
edges = np.array([0, 60, 100, 140, 160, 180, 200, 300.0])


def passing(jets):
    """Whether each jet passes the cut, (N,)."""
    return tagger.score(jets) >= cut


# %%
def number_of_tops(masses, templates):
    """Tops among probes of these masses: a fit of two shapes, top and QCD."""
    counts = np.histogram(masses, edges)[0]
    weight = 1 / np.sqrt(np.maximum(counts, 1))
    found, *_ = np.linalg.lstsq((templates * weight).T, counts * weight, rcond=None)
    return found[0] * templates[0].sum()


# %%
in_simulation, in_data = passing(top_test), passing(probes)
shapes = {}
for side in (True, False):
    of_side = [top_test.mass[(in_simulation == side) & (top_test.label == k)] for k in (1, 0)]
    shapes[side] = np.array([np.histogram(masses, edges)[0] + 1e-3 for masses in of_side], float)


def scale_factor(rows):
    """ε of the probes in these rows over that of the simulation."""
    n = {
        side: number_of_tops(probes.mass[rows][in_data[rows] == side], shapes[side])
        for side in shapes
    }
    return n[True] / (n[True] + n[False]) / np.mean(in_simulation[top_test.label == 1])


rng = np.random.default_rng(SEED)
every = np.arange(len(probes))
draws = [scale_factor(rng.choice(every, len(every))) for _ in range(max(sizes.bootstraps, 20))]
truth = np.mean(in_data[probes.label == 1]) / np.mean(in_simulation[top_test.label == 1])
print(
    f"scale factor: {scale_factor(every):.3f} ± {np.std(draws):.3f}; with the true labels {truth:.3f}"
)

# %% [markdown]
# **Explain.** The simulation is multiplied by this factor, and the analysis carries its error. The difference between
# the two showers costs nothing once it is measured: only the error does. What stays hidden is a wrong *shape*: if the
# masses of the tops that pass differ between data and simulation, the fit counts tops as QCD. For the background
# the same is done with jets that are surely no tops.
#
# ## Calibration in data: the Lund plane
#
# A scale factor corrects one cut of one tagger. Can one correct the *jets*, for all taggers at once? CMS measures the
# density of emissions in the Lund plane of each prong, in data and in simulation (arXiv:2507.07775). If emissions are
# independent, a simulated jet gets the weight $w = \prod_i \rho_\text{data}(x_i)/\rho_\text{simulation}(x_i)$, one factor for
# each emission. First a hard test: quark jets play the simulation, gluon jets the data. The weights are learned from
# half of the jets, and the other half is compared.
#
# **Predict.** After the weights, will quark jets have as many particles as gluon jets? The same width, the same mass?

# %%
from hepml_lite.statistics.two_sample import effective_sample_size, triangular_distance
from hepml_lite.tagging.lund_reweighting import LundRatio, emissions


def reweighted(simulation, data, prongs):
    """Learn weights from every second jet; compare the others, without and with weights."""
    ratio = LundRatio.fit(emissions(simulation[::2], prongs), emissions(data[::2], prongs))
    judged, asked = simulation[1::2], data[1::2]
    weights = ratio.weights(emissions(judged, prongs))
    worth = effective_sample_size(weights)
    print(f"{len(judged)} jets, with weights worth {worth:.0f} jets without")
    for name in ("multiplicity", "width", "mass", "tau21"):
        x, y = OBSERVABLES[name](judged), OBSERVABLES[name](asked)
        error = y.std() / np.sqrt(len(y))
        bins = np.quantile(np.concatenate([x, y]), np.linspace(0, 1, 13))
        before = triangular_distance(x, y, bins)
        after = triangular_distance(x, y, bins, weights)
        means = f"{x.mean():7.3f} → {np.average(x, weights=weights):7.3f}"
        print(f"{name:>13}: mean {means}, data {y.mean():7.3f} ± {error:.3f};", end=" ")
        print(f"distance {before} → {after}")


# %%
flavours = load("quark_gluon", PROFILE, "test")[: sizes.varied_jets]
reweighted(flavours.of_class("quark"), flavours.of_class("gluon"), prongs=1)
del flavours  # not used any more

# %% [markdown]
# **Explain.** The distance is that of two histograms, in thousandths; "chance" is what two samples of one density have.
# Width and mass, which sum over the emissions of the plane, come close to those of gluons. The number of particles goes
# most of the way and stops: emissions radiate again, and weights on the *primary* plane do not know these. The price
# is in the first line: weights far from one make a sample small. Where nothing was to be corrected ($\tau_{21}$ of these
# jets), they only add noise.
#
# Now the question of an experiment: tops with three prongs, and Vincia as the data.

# %%
reweighted(top_test.of_class("top"), vincia.of_class("top"), prongs=3)

# %% [markdown]
# **Explain.** Compare the distances with chance. If they are at chance *before* the weights, this sample of Vincia is too
# small to say what must be corrected, and weights cannot be seen to help or to harm. An experiment measures the ratio
# with jets from W decays, and carries its statistical error, cell by cell, into every result.
#
# ## A network on the Lund plane
#
# **LundNet** (arXiv:2012.08526) is a graph network whose nodes are the *splittings* of a jet, and whose edges are those of
# the clustering tree. It is in the table of the tutorial, from one training, and not in the dashboard. **Predict**: with as few jets as you had above, will it be
# better than the PFN?

# %%
from hepml_lite.networks.lund_net import LundNet, lund_inputs
from hepml_lite.tagging.network_tagger import NetworkTagger, TrainingRecipe

recipe = TrainingRecipe(LundNet, LundNet.paper, lund_inputs, epochs=sizes.epochs, batch_size=64)
lund = NetworkTagger(recipe, progress=True).fit(train, seed=SEED)
for name, score in {"LundNet": lund.score(top_test), "PFN, yours": mine.score(top_test)}.items():
    area = metrics.bootstrap(metrics.auc, top_test.label, score, sizes.bootstraps, SEED)
    print(f"{name:>11}: AUC {area}")

# %% [markdown]
# **Explain.** The tree is given, so the network need not find which particles belong together. Both numbers are from one
# training each on the same jets; another seed of the PFN alone moves it by a few percent after so short a training.
# The paper reports its network level with ParticleNet, at a fraction of the cost.
#
# ## No labels, with two samples that really differ
#
# Section 9 of the tutorial made both mixtures from *one* sample of quarks and gluons. Then the assumption of learning
# without labels, that both hold the same quark jets and the same gluon jets, is true by construction. Here are two
# processes: jets beside a Z, where quarks lead, and dijets, where gluons lead, in the same window of pT. Labels are
# looked at only to grade.
#
# **Predict.** Trees learn to tell the *processes* apart from four observables. Will they separate quarks from gluons
# better than counting particles does? As well as trees with labels? And who is better on dijets: trees with labels
# of dijets, or with labels of Z + jet?

# %%
from hepml_lite.tagging import real_mixtures

jets = load("quark_gluon_mixtures")
is_quark, is_dijet = jets.label % 2, jets.label // 2
PROCESSES = ("Z + jet", "dijets")
x = real_mixtures.shapes(jets)  # multiplicity, mass, width, pT dispersion
learned = {
    "no labels": real_mixtures.out_of_fold(x, 1 - is_dijet, SEED),
    "labels": real_mixtures.out_of_fold(x, is_quark, SEED),
    "fewer particles": -x[:, 0],
}
for k, process in enumerate(PROCESSES):
    own = is_dijet == k
    print(f"{process}: {own.sum()} jets, {is_quark[own].mean():.1%} are quarks", end="; AUC: ")
    for name, score in learned.items():
        area = metrics.auc(is_quark[own], score[own])
        print(f"{name} {area:.3f}", end=", " if name != "fewer particles" else "\n")

# %% [markdown]
# The same in three seeds: mean ± error of the jets that judge ± spread of the seeds. Below it the differences, paired:
# both scores judge the same jets.

# %%
display(real_mixtures.summary("tagger"))
real_mixtures.summary("paired")

# %% [markdown]
# **Explain.** Without a label the trees separate quarks from gluons, in both processes. But look at the first paired row:
# they cannot be told apart from counting particles. Trees with labels are ahead of both by one to two hundredths. What
# is missing is statistics: one jet in seven beside the Z is a gluon and almost every second dijet jet is a quark, so the
# two samples differ little. And labels are not bound to their process: trees from one do as well on the other within
# a hundredth. Beside the Z, labels of dijets are even the better ones: dijets have four times as many gluons to learn
# from.
#
# ### Is the assumption true?
#
# The quarks beside a Z are mostly u and d from q g → Z q. Those of dijets come with another colour flow, and their
# jets are found in events with two hard jets.
#
# **Predict.** Can trees tell the quark jets of one process from those of the other, after both got the same spectrum
# of pT? An AUC of 0.5 says no.

# %%
for k, kind in enumerate(("gluons", "quarks")):
    of_z, of_dijets = (jets[jets.label == k + 2 * process] for process in (0, 1))
    print(f"{kind}, Z + jet against dijets: {real_mixtures.same_kind(of_z, of_dijets, SEED)}")
real_mixtures.summary("same jets")

# %% [markdown]
# **Explain.** First column: both areas are one half within their errors, so these jets, by these four observables,
# cannot be told apart, and the assumption holds as far as 5000 jets a process can say. That is a limit, not a proof:
# the gluons beside a Z are few, a network on all particles sees more, and arXiv:1810.05653 finds small differences
# between processes. Second column: the test does see a difference where there is one. An underlying event adds
# particles, and the quark jets with it differ from those without by several errors.
#
# ### Break it
#
# Two ways to make the mixtures differ in more than their shares. First the trees also see pT and |η| of the jet.
# Then the Z + jet sample gets an underlying event (multiple interactions), as if one sample had been simulated
# differently, and dijets have none. **Predict**: which of the two hurts, and which sign of the multiplicity will the
# trees prefer?

# %%
eta = np.abs(jets.eta)
where = np.column_stack([x, jets.pt, eta])
seeing = {"shapes": learned["no labels"]}
seeing["shapes, pT and |η|"] = real_mixtures.out_of_fold(where, 1 - is_dijet, SEED)
for name, score in seeing.items():
    print(f"{name}: Z + jet against dijets AUC {metrics.auc(1 - is_dijet, score):.3f}")
for k, name in enumerate(jets.names):
    own = eta[jets.label == k]
    print(f"{name}: mean |η| {own.mean():.3f} ± {own.std() / np.sqrt(len(own)):.3f}")
real_mixtures.summary("broken")

# %% [markdown]
# **Explain.** Compare with *no labels* in the first table, or read the last two rows of the paired one. Quarks of dijets
# are more forward than the others. So a large |η| says *dijet*, and trees that learned the processes take it for
# *gluon*. They tell the samples apart better, and quarks from gluons worse: a broken assumption makes the training
# look *good*. The underlying event costs more. It adds particles to the sample that is rich in *quarks*, which have
# few: the trees are pulled both ways, and less of the multiplicity is left.
#
# ### Jet topics, and a flow for each
#
# How many quarks are in each sample? Topics answer without labels: $T_1 \propto p_Z - \kappa\, p_\text{dijet}$ with the
# largest possible $\kappa$. Komiske and others (arXiv:1809.01140) take the score of a network that learned the mixtures
# as the observable, because it has the purest ends. **TopicFlow** (arXiv:2211.16053) then learns the densities of both
# topics in several observables with two normalizing flows whose sum must be both mixtures: $p_Z = f_Z T_1 + (1-f_Z)
# T_2$, and the same for dijets.
#
# **Predict.** Which error is larger, the one of the shares or the one of the shapes?

# %%
from hepml_lite.tagging.jet_topics import jet_topics
from hepml_lite.tagging.topic_flow import TopicFlow

weak = learned["no labels"]
edges = np.quantile(weak, np.linspace(0, 1, 26))
topics = jet_topics(weak[is_dijet == 0], weak[is_dijet == 1], edges, 100, rng=SEED)
shares = {"Z + jet": topics.fraction_a, "dijets": topics.fraction_b}
for k, (process, share) in enumerate(shares.items()):
    print(f"{process}: share of topic 1 {share}; of quarks {is_quark[is_dijet == k].mean():.3f}")

count = x[:, 0] + np.random.default_rng(SEED).uniform(-0.5, 0.5, len(x))
pair = np.column_stack([count, np.log(x[:, 2] + 1e-3)])  # smooth numbers for a flow
flows = TopicFlow()
flows.plan.epochs = sizes.topic_epochs
values = [share.value for share in shares.values()]
flows = flows.fit(pair[is_dijet == 0], pair[is_dijet == 1], values, SEED)

# %%
fig, axes = plt.subplots(1, 2, figsize=(13, 5))
drawn = {"topic 1": flows.topic_1.sample(20_000), "topic 2": flows.topic_2.sample(20_000)}
for column, (ax, name) in enumerate(zip(axes, ("number of particles", "ln(width)"), strict=True)):
    bins = np.linspace(*np.quantile(pair[:, column], [0.005, 0.995]), 31)
    spectra = {kind: pair[is_quark == k, column] for k, kind in ((1, "quark"), (0, "gluon"))}
    plotting.histogram(ax, spectra, bins, name, density=True)
    middle = (bins[1:] + bins[:-1]) / 2
    for (topic, rows), marker in zip(drawn.items(), "v^", strict=True):
        height = np.histogram(rows[:, column], bins)[0] / len(rows) / np.diff(bins)
        ax.plot(middle, height, marker, color="black", label=f"{topic}, no labels")
axes[0].legend()
plt.show()
ratio = flows.log_ratio(pair)
for k, process in enumerate(PROCESSES):
    print(f"{process}: AUC {metrics.auc(is_quark[is_dijet == k], ratio[is_dijet == k]):.3f}")

# %%
display(real_mixtures.summary("topics"))
real_mixtures.summary("topic flow").T

# %% [markdown]
# **Explain.** The shares of the topics agree with the labels, but their errors are ten times those of the labels: they
# rest on the few jets at both ends. The shapes are the smaller problem: with the *true* shares the means of both topics
# are those of quarks and gluons within a percent, though smooth flows miss some of the shape of the
# width. With the shares of the topics, the mean of topic 2 moves by as much as
# these shares do from seed to seed. The order of jets hardly
# notices: the log-ratio of the flows has the same AUC for both, at the level of counting, and it has seen no label.
# The flows here are smooth and small on purpose. Free splines follow the fluctuations of a difference of two samples.
# (The paper trains each flow alone on $-E_A[\log T] + \kappa E_B[\log T]$, which has no lower bound on finite samples; we
# fit both to the likelihood of both mixtures, which has the same solution.)
#
# ## A tagger on a napkin
#
# Here is the other extreme: no network, but a **formula**. An evolution finds it: formulas mutate, cross and
# compete, and for every length the best one survives. **Predict**: how many symbols does a formula need to
# match the boosted trees?

# %%
from hepml_lite.tagging import formulas

front = formulas.find_formula(
    top_train[: sizes.formula_jets], generations=sizes.generations, seed=SEED
)
x = formulas.formula_variables(top_test)
fig, ax = plt.subplots(figsize=(9, 5.5))
trees = TAGGERS["trees"]().fit(top_train[: sizes.formula_jets], seed=SEED).score(top_test)
formulas.auc_against_complexity(ax, front, x, top_test.label, {"boosted trees": trees})
plt.show()

# %%
for formula in front:
    found = metrics.auc(top_test.label, formula(x))
    print(f"{formula.complexity:>3} symbols, AUC {found:.3f}: {formula.text}")

# %% [markdown]
# **Explain.** Each step along the front adds symbols and gains accuracy. After about a dozen symbols the
# steps are small. A person can read a formula and check its limits, and a chip can compute it: theme 7 does
# that.
#
# **References.** Kasieczka et al., *The Machine Learning Landscape of Top Taggers*, arXiv:1902.09914.
# Dolen et al., *Thinking outside the ROCs: Designing Decorrelated Taggers*, arXiv:1603.00027. Kasieczka,
# Shih, *Robust Jet Classifiers through Distance Correlation*, arXiv:2001.05310. Metodiev, Thaler, *Jet topics*,
# arXiv:1802.00008. Komiske, Metodiev, Thaler, *An operational definition of quark and gluon jets*,
# arXiv:1809.01140. Dolan, Ore, *TopicFlow*, arXiv:2211.16053.
