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
from hepml_lite import metrics, plotting, profiles
from hepml_lite.checks import check
from hepml_lite.tagging.decorrelation import mass_sculpting
from hepml_lite.tagging.recipes import TAGGERS
from widgets import show
from widgets.tagging import stored_sample

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
area = metrics.bootstrap(metrics.auc, test.label, scores, n=sizes.bootstraps, rng=SEED)
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
for name in sample.names:
    row = sample.scores[sample.row(name)]
    bent = mass_sculpting(row, sample.mass, sample.labels, 0.5, n=sizes.bootstraps, rng=SEED)
    rejection = metrics.background_rejection(sample.labels, row, 0.5)
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
odd = np.arange(len(sample.labels)) % 2 == 1
network = sample.scores[sample.row("PFN")]
learn = {"score": network[odd], "mass": sample.mass[odd], "label": sample.labels[odd]}
judge = {"score": network[~odd], "mass": sample.mass[~odd], "label": sample.labels[~odd]}


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
    behind = score >= np.quantile(score[judge["label"] == 1], 0.5)
    masses[name] = judge["mass"][qcd & behind]
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
# Now compare the taggers at $\varepsilon_S = 0.5$ where 1000 tops hide among 100 000 QCD jets. Their error is
# how far the background moves under the mild variations of the dashboard, all added in quadrature.
# **Predict**: will the order of the taggers be the same with and without it?

# %%
for name in stored_sample().names:
    row = sample.row(name)
    cut = sample.thresholds[row, 49]  # eps_S = 0.5
    moved = [sample.shift(row, variation, 0, 0, cut) for variation in sample.variations]
    error = np.sqrt(sum((ratio.value - 1) ** 2 for ratio in moved))
    background = 100_000 / metrics.background_rejection(sample.labels, sample.scores[row], 0.5)
    chance, both = (significance(500, background, e) for e in (0, error))
    print(f"{name:>20}: {chance:4.1f} σ; with background ± {100 * error:3.0f} %: {both:4.1f} σ")

# %% [markdown]
# **Explain.** Once the uncertain background is larger than its fluctuation, only
# $\varepsilon_S / (\text{error} \cdot \varepsilon_B)$ counts: a tagger that moves twice as much needs twice
# the rejection. These errors are themselves measured with a few dozen background jets: would you rank two
# taggers by them? And a variation that nobody thought of is in none of them: that is why experiments
# measure the efficiency of a tagger in data.
#
# **References.** Kasieczka et al., *The Machine Learning Landscape of Top Taggers*, arXiv:1902.09914.
# Dolen et al., *Thinking outside the ROCs: Designing Decorrelated Taggers*, arXiv:1603.00027. Kasieczka,
# Shih, *Robust Jet Classifiers through Distance Correlation*, arXiv:2001.05310.
