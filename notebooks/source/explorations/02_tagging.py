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
# All taggers of the landscape have looked at the same test jets. Choose up to four, move one threshold,
# and see more than a ROC curve: what the cut does to the mass of the background, and what is left of the
# efficiencies when the detector or the shower is not the one that the taggers learned from.

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

from data_fetch import load
from hepml_lite.statistics import metrics
from hepml_lite import plotting, profiles
from hepml_lite.checks import check
from hepml_lite.statistics.decorrelation import mass_sculpting
from hepml_lite.statistics.thresholds import threshold_at
from hepml_lite.tagging.training_recipes import TAGGERS
from widgets import show
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
# 2. Take the box *same εS* away, so that all taggers are cut at the same score. Do they keep the same
#    share of the tops? What would have to be true of their scores for that?
# 3. No tagger was told the mass of a jet. Look at the spectrum of the QCD jets behind the cut: which
#    taggers have found out, and which one has not seen anything else? An analysis looks for tops as a bump
#    in this spectrum. What would it find in a sample without any tops?
# 4. Choose *lost particles* and go from mild to strong, first for QCD, then for top jets. Which taggers let
#    *more* background through, which fewer tops? Can you say why the energy flow network (EFN) hardly
#    notices, from what it is built not to see?
# 5. Energies measured 5 % too high move the tagger on the mass a lot, and some others not at all. Which
#    ones, and what do those read of a jet?
# 6. Which tagger has the best rejection, and which one moves least under all medium variations? Which of
#    the two would you take for a search, which for a measurement of the top cross section?
# 7. Somebody hands you 300 labelled jets and no more. Which of the taggers under *Jets to learn from* would
#    you train? Only one network keeps up with the trees: what does it know before it has seen any jet?
#
# ## The same with your own code
#
# Train one of them yourself, on fewer jets than the stored ones had, and put it beside them. **Predict**
# before: between which two taggers will it be?

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
# ### What the dashboard calls sculpting
#
# The Jensen–Shannon divergence compares the masses of the QCD jets that pass with those that fail: 0 bits
# if they are the same, 1 bit if a look at the mass tells for sure. Even a random cut has a little, since
# few jets pass.

# %%
scored = sample.jets  # masses, labels and scores of the test jets
for name in scored.taggers:
    row = scored.trainings(name)[0]
    bent = mass_sculpting(
        scored.label, row, scored.mass, 0.5, n_bootstrap=sizes.bootstraps, rng=SEED
    )
    rejection = metrics.background_rejection(scored.label, row, 0.5)
    print(f"{name:>20}: 1/εB {rejection:6.1f}, JSD {bent.jsd} bits (chance: {bent.floor:.3f})")

# %% [markdown]
# **Explain.** A tagger that only knows the mass sculpts the most. The networks know more, so that they can
# afford to look for tops next to the peak, too; but none of them throws away what the mass tells.
#
# ## An open challenge: flat in mass
#
# **Exercise 2.8.** Take the score of the particle flow network and make a new one of it, from score and
# mass, behind which the masses of the background stay as they are: at $\varepsilon_S = 0.5$ a divergence
# of at most 0.05 bits, and as much rejection as you can get. Half of the jets are there to learn from,
# the check judges with the other half.

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
# A cut on the new score should keep the same share of the QCD jets at each mass. Which number of a jet, by
# its very definition, is equally distributed whatever the distribution of the scores is?

# %% [markdown] tags=["hint"]
# Take bins of mass. In each one replace the score of a jet by the share of the QCD jets of `learn` in the
# same bin that score lower: `np.searchsorted` in the sorted scores counts them.

# %%
flat = check(
    "2.8",
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
# **Explain.** The flat score has lost most of its rejection: it was in the mass. It may still be the better
# one: where the background keeps its shape, its sidebands tell how much of it there is under the peak, and
# the mass can be used afterwards.
#
# ## What is a robust tagger worth?
#
# A cut leaves $S$ signal and $B$ background jets, and we know $B$ only up to a share `error` of it, because
# detector and shower are only known so well.
#
# **Exercise 2.9.** How many standard deviations is the signal above the background? Its fluctuation is
# $\sqrt{B}$, and both errors know nothing of each other.


# %%
def significance(signal, background, error):
    """Standard deviations by which signal jets stand out; all three are numbers or arrays."""
    # BEGIN SOLUTION
    return signal / np.sqrt(background + (error * background) ** 2)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# 1000 background jets ± 10 % are ± 100 for the systematic error and ± 32 for chance.

# %%
significance = check("2.9", significance)

# %% [markdown]
# Now compare the taggers at $\varepsilon_S = 0.8$ where 1000 tops hide among 100 000 QCD jets. Their error is
# how far the background may move when the detector is varied mildly, as in the dashboard: the far end of
# each error bar, all added in quadrature. (Another shower has too few jets to count here.)
# **Predict**: will the order of the taggers be the same with and without it?

# %%
detector = ["energy scale up", "energy resolution", "angular resolution"]
detector += ["lost particles", "soft threshold"]
for name in stored_sample().jets.taggers:
    row = scored.row(name)
    cut = sample.thresholds[row, 79]  # eps_S = 0.8
    moved = [sample.shift(row, change, 0, 0, cut) for change in detector]
    error = np.sqrt(sum(max(abs(end - 1) for end in ratio[1:]) ** 2 for ratio in moved))
    background = 100_000 / metrics.background_rejection(scored.label, sample.scores[row], 0.8)
    chance, both = (significance(800, background, e) for e in (0, error))
    print(f"{name:>20}: {chance:4.1f} σ; with background ± {100 * error:3.0f} %: {both:4.1f} σ")

# %% [markdown]
# **Explain.** Once the uncertain background is larger than its fluctuation, only
# $\varepsilon_S / (\text{error} \cdot \varepsilon_B)$ counts: a tagger that moves twice as much needs twice
# the rejection. The best rejection no longer wins. Yet many of these errors are mostly the few dozen
# background jets that they were measured with: would you rank two taggers by them? And a variation that nobody thought of is in none of them: that is why experiments
# measure the efficiency of a tagger in data.
#
# ## Six kinds of jets at once
#
# A tagger need not stop at two. One network with six outputs learns quark, gluon, W, Z, top and Higgs jets
# together. **Predict**: which two kinds will it confuse most, and which kind will it know best?

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
        progress=False,
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

# %% [markdown]
# **Explain.** W and Z differ by 11 GeV in mass and hardly in anything else that this detector sees. Quark
# and gluon differ in how much they radiate. Top and Higgs have what nobody else has.
#
# ## Learned elsewhere: transfer
#
# The network above has never seen a jet of the top tagging sample. Take it, replace its last layer, and
# **fine-tune** it with few labelled jets. **Predict**: how many labels does it save?

# %%
from hepml_lite.tagging import transfer

top_train = load("top_tagging", PROFILE, "train")
top_test = load("top_tagging", PROFILE, "test")[: sizes.varied_jets]


def untrained(seed):
    """The same network before any training."""
    torch.manual_seed(seed)
    return ParticleFlowNetwork(3, (100, 100, 128), (100, 100), n_classes=2)


def fine_tuned(seed):
    """What was learned from six kinds of jets, with a new last layer for two."""
    return transfer.with_new_head(pretrained, 2, seed)


# %%
methods = {
    "from scratch": transfer.fine_tuning(untrained, steps=sizes.steps, body_factor=1.0),
    "fine-tuned": transfer.fine_tuning(fine_tuned, steps=sizes.steps),
}
numbers = [n for n in (100, 500, 3_000) if n <= len(top_train) // 3]
curves = transfer.data_efficiency(
    methods,
    (*network_inputs(top_train), top_train.label),
    (*network_inputs(top_test), top_test.label),
    numbers,
    seeds=(0, 1, 2),
)

# %%
fig, ax = plt.subplots()
for i, (name, curve) in enumerate(curves.items()):
    values = [probe.auc.value for probe in curve]
    errors = np.transpose([probe.auc.errors for probe in curve])
    ax.errorbar(numbers, values, errors, label=name, **plotting.class_style(i))
ax.set(xscale="log", xlabel="labelled top tagging jets", ylabel="AUC")
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# **Explain.** Both had the same number of steps. With a hundred labels the network from scratch has only
# learned those hundred; the other one knew before what prongs are, although its jets had 1 TeV instead
# of 600 GeV. With more labels the head start melts away. Published taggers gain a factor in rejection from
# a pre-training on a hundred million jets (Qu, Li, Qian, arXiv:2202.03772).
#
# ## How sure is it?
#
# A score has an error of its own: another training would give another. A **Bayesian last layer** estimates
# it from one training: the last layer's weights become a Gaussian (Laplace), the rest stays.

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

# %% [markdown]
# **Explain.** More labels, smaller errors. The error grows with the distance from the decision: where all
# jets are of one kind, nothing fixes how steep the score is. What the frozen part of the network never
# learned to see is in no error bar of this kind.
#
# ## A tagger on a napkin
#
# The other extreme: no network, but a **formula**, found by breeding: formulas mutate, cross, and compete,
# for every length the best one survives. **Predict**: how many symbols does a formula need to match the
# boosted trees?

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
# **Explain.** Each step on the front buys accuracy with symbols, and after a dozen the steps are small. A
# formula can be read, checked in its limits, and burned into a chip: theme 7 does that.
#
# **References.** Kasieczka et al., *The Machine Learning Landscape of Top Taggers*, arXiv:1902.09914.
# Dolen et al., *Thinking outside the ROCs: Designing Decorrelated Taggers*, arXiv:1603.00027. Kasieczka,
# Shih, *Robust Jet Classifiers through Distance Correlation*, arXiv:2001.05310.
