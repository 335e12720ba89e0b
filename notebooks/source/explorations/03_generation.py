# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Explore: from noise to showers
#
# ![Noise becomes a sample, and a judge compares it with the truth](../../docs/images/generation.svg)
#
# Electrons in a calorimeter, made by a network instead of a simulation. Walk noise into a shower, see how many steps
# that takes, try each metric on faults that you choose, and find out which metric would have misled you.

# %% [markdown] tags=["objectives"]
# **After this notebook you can** rank generators by a judge that is strong enough, say which metric does not see
# which fault, and explain why a sample of copies looks perfect.
#
# **You need** the tutorial of this theme, or to know what flow matching does.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1

# %%
import re

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from data_fetch import load
from data_fetch.generate import calo_showers
from hepml_lite import plotting, profiles
from hepml_lite.generation import evaluation, published, results, showers, trained
from widgets import show
from widgets.generation import Generation
from widgets.generation.stored import DISTORTIONS, METRIC_NAMES, stored_frames
from widgets.shared.linked import LinkedViews

plotting.use_style()
sizes = profiles.sizes("03_generation", PROFILE)
print(sizes)

# %%
show("generation")

# %% [markdown]
# ## Questions to answer with the dashboard
#
# Write down your answer before you look at the folded one. The cells below them print the numbers.
#
# 1. Move the time from noise to data. What is there first: the depth of the shower, its radius, or single voxels?
# 2. Do the same for the muon pairs, as *4 momenta* and as *3 shares*. When does the peak appear, and how high does it
#    become in each?
# 3. Choose *Euler* and one step, then two, four, eight. At which number does the judge stop to improve? How does
#    *midpoint* compare at the same *time* (not the same number of steps)?
# 4. The star is a student of one step. How many steps does the teacher need to be as good, and how much longer
#    does it take?
# 5. Take *lost correlation* at full strength. Which metrics do not see it, and why?
# 6. Take *missing tail*. Which metric sees it first? And the area of the classifier?
# 7. Take *copies* at full strength. Which metrics see it? Which one would you ask before you publish?
# 8. Which generator of 100 events amplifies most, and what does it know that the others do not?


# %%
def line(**state):
    """The live line of the dashboard in this state, without its markup."""
    return re.sub("<.*?>", "", Generation(**state).compute()["line"])


stored = stored_frames()
for time in (0, 10, 16, 20):
    away = np.abs(stored.profiles[:, time] - stored.true_profiles).sum(axis=1)
    print(f"1: t = {time / 20}: profiles away from the true ones by", np.round(100 * away, 1), "%")
for coordinates in ("4 momenta", "3 shares"):
    for time in (0, 10, 16, 20):
        peak = re.search(r"the peak holds [\d.]+", line(coordinates=coordinates, time=time))
        print(f"2: {coordinates}, t = {time / 20}:", peak.group(), "of its events")

# %%
steps = pd.DataFrame(
    {
        ("midpoint", "AUC"): stored.auc[1],
        ("midpoint", "ms"): stored.milliseconds[1],
        ("Euler", "AUC"): stored.auc[0],
        ("Euler", "ms"): stored.milliseconds[0],
    },
    index=pd.Index((1, 2, 4, 8, 16, 32), name="3: steps"),
)
auc, error, milliseconds = stored.one_step
print(f"4: the student: AUC {auc:.3f} ± {error:.3f} in {milliseconds:.3f} ms")
print(f"real against real: {stored.real[0]:.3f} ± {stored.real[1]:.3f}")
steps.round(3)

# %%
largest = pd.DataFrame(stored.significances[:, -1], list(DISTORTIONS), list(METRIC_NAMES))
print("5 to 7: spreads above the floor, each fault at its largest strength")
largest.round(1)

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. An average shower is there from the start: the coordinates contain it. On the way it takes the depth of its energy,
#    and small voxels are decided at the end, when the last steps say which of them are empty.
# 2. In four momenta the peak appears late, and it stays too low: it is a thin curved sheet, and the network smears it. In the
#    three shares it is there from the start, because the coordinates contain it, and little is left to learn.
# 3. Read it from the table: once the steps are short enough, the area does not fall any more. What is left is the error of
#    the network, which no solver removes. A midpoint step takes two evaluations, so compare at equal time.
# 4. Read the row of the table with the area of the student.
# 5. Histograms and their Wasserstein distances do not change at all: each feature is only exchanged among the rows. What
#    looks at several features at once sees it: classifiers, Frechet and kernel distance, neighbours.
# 6. The separation power of a histogram sees it first, then coverage and the Frechet distance. The area of the classifier
#    comes last: a tail of one per cent changes one row in a hundred, and a classifier has little to gain from it.
# 7. *Closer*, the share of rows that are nearer to a training row than to a fresh one, sees a tenth of copies already. All
#    others compare with the truth, and copies are true. At full strength some of them react, too: rows are drawn twice,
#    others never, and so the sample is effectively smaller than it says.
# 8. The two Gaussians: they know the form of the truth. Kernels know only that it is smooth. The resampler knows nothing, and is
#    never worth more than its events.
#
# </details>
#
# ## Which showers does the judge dislike?
#
# A trained model makes showers at the energies of the test. A judge learns to tell them from cascades; its weight of a
# shower, the ratio of densities, is above one where the model makes too few of them. Select points in one view,
# with the box or the lasso, and see the same showers in all others.
#
# **Predict.** Where will the weights be far from one: at low or at high energy, early or late showers?

# %%
test = load("calo_profiles", split="test")[: sizes.judged_showers]
real, energy = showers.profiles_of(test, SEED)
model = trained.profiles()
made = showers.profiles.as_stored(model.sample(energy, SEED), test, SEED)
logs = showers.profiles.log_energy(energy)
views = evaluation.table_views(np.hstack([real, logs]), np.hstack([made, logs]))
verdict = evaluation.judge_views(views, SEED)
for name, area in verdict.areas.items():
    print(f"{name:>8}: AUC {area}")


# %%
def described(x, energy):
    """What the linked views show of profiles (N, 24)."""
    return pd.DataFrame(
        {
            "energy [GeV]": energy,
            "response": x[:, :20].sum(axis=1),
            "mean depth [X0]": x[:, 20],
            "mean radius [RM]": x[:, 22],
            "share of the last 5 layers": x[:, 15:20].sum(axis=1),
        }
    )


both = np.vstack([np.hstack([real, logs]), np.hstack([made, logs])])
label = np.repeat([1, 0], len(real))
half = np.random.default_rng(SEED).random(len(both)) < 0.5
trees = HistGradientBoostingClassifier(random_state=SEED).fit(both[half], label[half])
chance = trees.predict_proba(both[~half])[:, 1]
table = pd.concat([described(real, energy), described(made, energy)])[~half]
table["log weight"] = np.log(chance / (1 - chance))
table["generated"] = 1 - label[~half]
shown = table[table["generated"] == 1].iloc[: sizes.shown_showers]

# %%
pairs = [("energy [GeV]", "log weight"), ("mean depth [X0]", "response")]
pairs += [("mean depth [X0]", "share of the last 5 layers"), ("mean radius [RM]", "log weight")]
linked = LinkedViews(shown, pairs)
linked

# %%
for low, high in ((1, 3), (3, 10), (10, 30), (30, 100)):
    inside = shown[shown["energy [GeV]"].between(low, high)]
    spread = inside["log weight"].std()
    print(
        f"{low:>2} to {high:>3} GeV: spread of the log weight {spread:.2f}, {len(inside)} showers"
    )

# %% [markdown]
# **Explain.** A perfect generator would have log weights that scatter around zero only by the noise of the trees. Where
# the spread is larger, the judge has found something: select these showers, and see what they have in common.
#
# ## All generators, judged alike
#
# The next tables are stored: trainings take too long for a lesson. All models are judged by the strongest of
# their judges; *real* compares two samples of cascades, *gaussian* knows means and correlations only, and *resampler* gives
# back training showers.
#
# **Predict.** Which row will be the best one after *real*, and which column would have told you the truth about it?

# %%
found = results.read_results()
for part in ("profiles", "voxels"):
    if found.methods(part):
        print(f"{part}: {found.setup[part]}")
        columns = ["auc", "closer", "copies", "precision", "recall", "coverage", "seconds"]
        stored_table = found.table(part)
        display(stored_table[[name for name in columns if name in stored_table]].round(3))

# %% [markdown]
# **Explain.** The resampler is good in the area of the judge, in precision, recall and coverage, because its showers *are*
# true showers. Only *copies* and *closer* tell. A table without a test of memory
# rewards memory. And the Gaussian shows how far a strong judge goes: means and correlations of the raw features are right,
# and the area is nearly one.
#
# ## Compose your own fault
#
# **An open challenge.** Write `fault(x, rng)`: it gets true rows (N, 24), layers and moments, and returns rows of the same shape.
# **Bronze**: the trees' area stays below 0.60, and the mean response moves by more than 0.2 %. **Silver**: the same with an area
# below 0.55. **Gold**: below 0.55, and the coverage does not fall by more than 0.01 either. Physics would be wrong, and
# the usual tables would not show it.


# %%
def fault(x, rng):
    """The energy of the last layers of one shower in four is lost: a dead board."""
    broken = x.copy()
    dead = rng.random(len(x)) < 0.25
    broken[dead, 16:20] *= 0.5
    return broken


rng = np.random.default_rng(SEED)
first, second = np.array_split(rng.permutation(real), 2)
wrong = fault(second, rng)
views = {"trees": evaluation.table_views(first, wrong)["trees"]}
area = evaluation.judge_views(views, SEED).auc
moved = 100 * (wrong[:, :20].sum(axis=1).mean() / second[:, :20].sum(axis=1).mean() - 1)
width = real.std(axis=0)
before = evaluation.neighbour_metrics(first / width, second / width).coverage
after = evaluation.neighbour_metrics(first / width, wrong / width).coverage
print(f"AUC {area}, response {moved:+.2f} %, coverage {before:.3f} → {after:.3f}")

# %% [markdown]
# ## Break it: an energy that the model has never seen
#
# The model was trained from 1 to 100 GeV. Ask it for 200 GeV, and let the cascade, live, give the answer.
#
# **Predict.** Which will be wrong first: the mean response, or the mean depth?

# %%
for beam in (50.0, 200.0):
    energies = np.full(sizes.live_showers, beam)
    true = calo_showers.showers("cascade", energies, np.random.default_rng(SEED))
    layers = true.reshape(len(true), 20, -1).sum(axis=2) / beam
    middles = 1.2 * (np.arange(20) + 0.5)
    depth = layers @ middles / layers.sum(axis=1)
    asked = model.sample(np.full(500, beam), SEED)
    print(f"{beam:.0f} GeV: response {asked[:, :20].sum(axis=1).mean():.4f} (model), ", end="")
    print(f"{layers.sum(axis=1).mean():.4f} (cascade); ", end="")
    error = depth.std() / np.sqrt(len(depth))
    print(f"mean depth {asked[:, 20].mean():.2f} (model), {depth.mean():.2f} ± {error:.2f} X0")

# %% [markdown]
# **Explain.** Between the energies of the training the model interpolates. Outside nothing holds it: compare the last line
# with the cascade before you use a generator where it was not trained. Showers become deeper with the logarithm of the
# energy; a network has no reason to know.
#
# ## What the papers found
#
# The CaloChallenge compared 31 generators on four data sets with Geant4 showers. These are rows of its data set 2,
# sorted by the strongest of three judges.

# %%
published.table().round(3)

# %% [markdown]
# Read three things from it. The *strongest* judge decides: a dense network on voxels finds little where a network that
# knows the geometry (`auc_resnet`) finds nearly everything. *Precision* is highest for a model whose judge is certain:
# many dimensions make it meaningless. And quality costs time: from the fastest to the best there are three orders of
# magnitude. Our numbers are not comparable: another calorimeter, another simulation, 960 voxels, and trainings of minutes.
#
# **References.** C. Krause et al., *CaloChallenge*, arXiv:2410.21611. C. Krause, D. Shih, *CaloFlow*, arXiv:2106.05285. L. Favaro
# et al., *CaloDREAM*, arXiv:2405.09629. R. Kansal et al., *Evaluating generative models in high energy physics*,
# arXiv:2211.10295. A. Butter et al., *GANplifying event samples*, arXiv:2008.06545.
