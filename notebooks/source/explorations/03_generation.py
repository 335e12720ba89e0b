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
from hepml_lite.checks import check
from hepml_lite.checks.generator_doctor_challenge import cases
from hepml_lite.checks.named_faults import accuracy
from hepml_lite.generation import evaluation, published, results, showers, trained
from widgets import show
from widgets.generation import Generation, ranking
from widgets.generation.dashboard import voxel_places
from widgets.generation.stored import DISTORTIONS, GENERATORS, METRIC_NAMES, N_GENERATED
from widgets.generation.stored import stored_frames
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
# 1. Move the time from noise to data. What changes on the way: the depth of the shower, its radius, the number of voxels?
# 2. Do the same for the muon pairs, as *4 momenta* and as *3 shares*. When does the peak appear, and how high does it
#    become in each?
# 3. Choose *Euler* and one step, then two, four, eight. From which number on does the area of the judge stay the same? How
#    does *midpoint* compare at the same *time* (not the same number of steps)?
# 4. The star is a student of one step. How many steps does the teacher need to be as good, and how much longer
#    does it take? Is the student as good as its teacher with all steps?
# 5. Take *lost correlation* at full strength. Which metrics do not see it, and why?
# 6. Take *missing tail*, and raise its strength. Which metric sees it first? And the area of the classifier?
# 7. Take *copies*, weak and at full strength. Which metrics see them? Which one would you ask before you publish?
# 8. Which generator of 100 events amplifies most, and what does it know that the others do not?
# 9. Rank the generators of *voxels* by coverage, by precision, and by the judge's AUC. Who leads each time? Which of the
#    leaders would you use?


# %%
def line(**state):
    """The live line of the dashboard in this state, without its markup."""
    return re.sub("<.*?>", "", Generation(**state).compute()["line"])


stored = stored_frames()
places = voxel_places()
radius = np.hypot(places[:, 1], places[:, 2])
for time in (0, 10, 16, 20):
    away = np.abs(stored.profiles[:, time] - stored.true_profiles).sum(axis=1)
    logs = stored.showers[:, :, time]
    energy = np.where(logs >= 0, np.exp(logs), 0)
    wide = (energy * radius).sum(2) / energy.sum(2)
    print(f"1: t = {time / 20}: profiles away by", np.round(100 * away, 1), "%;", end=" ")
    print(
        "mean radius", wide.mean(1).round(2), "RM; voxels", (100 * (logs >= 0)).mean((1, 2)).round()
    )
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
def seen_at(level):
    """Spreads above the floor: a row for each fault, a column for each metric."""
    return pd.DataFrame(stored.significances[:, level], list(DISTORTIONS), list(METRIC_NAMES))


print("5 to 7: the weakest fault from which on a metric stays three spreads above its floor")
strengths = np.array([*np.transpose(list(DISTORTIONS.values())), np.full(len(DISTORTIONS), np.nan)])
stays = np.cumprod(stored.significances[:, ::-1] > 3, axis=1).sum(axis=1)  # of five strengths
first = strengths[5 - stays, np.arange(len(DISTORTIONS))[:, None]]
weakest = pd.DataFrame(first, list(DISTORTIONS), list(METRIC_NAMES))
display(weakest.map(lambda strength: "–" if np.isnan(strength) else f"{strength:g}"))
print("8: worth of", N_GENERATED[-1], "events, over that of the 100 that they were trained on")
for name, factor, error in zip(GENERATORS, stored.factors, stored.factor_errors, strict=True):
    print(f"8: {name:>13}: {factor[-1]:.2f} ± {error[-1]:.2f}")
for metric in ("coverage", "precision", "judge's AUC"):
    print("9:", re.sub("<.*?>", "", ranking.line("voxels", metric)))

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. An average shower is there from the start: the coordinates contain it. But it is the same for all energies: at 3 and at
#    80 GeV the profile begins a third away from the true one, and comes near on the way, most of it before the last quarter.
#    The mean radius and the number of voxels change by less than a quarter: the coordinates contain most of them, too.
# 2. In four momenta the peak appears late, and it stays too low: it is a thin curved sheet, and the network smears it. In the
#    three shares it is there from the start, because the coordinates contain it, and little is left to learn.
# 3. Once the steps are short enough, the area does not fall any more: for midpoint from eight steps on, for Euler not before
#    thirty-two. What is left above *real against real* is the error of the network, which no solver removes. A midpoint step
#    takes two evaluations, so compare at equal time: midpoint is ahead at every time in the table.
# 4. Find the row with the area of the student: eight steps of Euler or one of midpoint, in many times its time or in two to
#    three times its time. The student is fast, and it is *not* as good as its teacher with all steps.
# 5. Histograms and their Wasserstein distances do not change at all: each feature is only exchanged among the rows. What
#    looks at several features at once can see it: first precision and density, then the Frechet distance and coverage, the
#    classifier only at full strength. The kernel distance sees neither this nor any other of the faults: with some 700 rows its
#    own scatter is too large.
# 6. Separation power, Frechet distance and recall see a missing tail of 5 %. The classifier does not see one of 10 %: few rows
#    change, and it has little to gain from them.
# 7. *Closer*, the share of rows that are nearer to a training row than to a fresh one, sees a quarter of copies. All
#    others compare with the truth, and copies are true. Towards full strength some of them react, too: rows are drawn twice,
#    others never, and so the sample is effectively smaller than it says.
# 8. The two Gaussians: they know the form of the truth. Kernels know only that it is smooth. The resampler knows nothing, and
#    is worth no more than its events.
# 9. By coverage and by the judge the resampler leads, which only draws training showers again: look at its *copies*. By
#    precision the parametrised shower leads, whose showers lie where the true ones are dense (a density of 1.7), and the
#    judge tells it from them without a fault. So none of the leaders: among those that generate, the flow matching of three steps has
#    the smallest area, and it is far from one half.
#
# </details>
#
# ## Which showers does the judge dislike?
#
# A trained model makes showers at the energies of the test. A judge learns to tell them from cascades; its weight of a
# shower, the ratio of densities, is above one where the model makes too few of them. Select points in one view,
# with the box or the lasso, and see the same showers in all others.
#
# **Predict.** Where will the weights scatter more than between two samples of cascades: at low or at high energy?

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


def log_weights(others, of_others):
    """Log of real over other density, as trees see it, of the half that they have not seen."""
    rows = np.vstack([np.hstack([real, logs]), np.hstack([others, of_others])])
    label = np.repeat([1, 0], [len(real), len(others)])
    half = np.random.default_rng(SEED).random(len(rows)) < 0.5
    trees = HistGradientBoostingClassifier(early_stopping=True, random_state=SEED)
    chance = trees.fit(rows[half], label[half]).predict_proba(rows[~half])[:, 1]
    kept = np.flatnonzero(~half[len(real) :])
    return kept, np.log(chance / (1 - chance))[-len(kept) :]


# %%
again, of_again = showers.profiles_of(load("calo_profiles", split="val"), SEED)
again, of_again = again[: len(real)], of_again[: len(real)]
unseen, floor = log_weights(again, showers.profiles.log_energy(of_again))
kept, weights = log_weights(made, logs)
table = described(made[kept], energy[kept]).assign(**{"log weight": weights})
shown = table[: sizes.shown_showers]

# %%
pairs = [("energy [GeV]", "log weight"), ("mean depth [X0]", "response")]
pairs += [("mean depth [X0]", "share of the last 5 layers"), ("mean radius [RM]", "log weight")]
linked = LinkedViews(shown, pairs)
linked

# %%
for low, high in ((1, 3), (3, 10), (10, 30), (30, 100)):
    inside = table[table["energy [GeV]"].between(low, high)]
    spread = inside["log weight"].std()
    chance = floor[(of_again[unseen] > low) & (of_again[unseen] < high)].std()
    print(f"{low:>2} to {high:>3} GeV: spread of the log weight {spread:.2f}", end="")
    print(f", of other cascades {chance:.2f}; {len(inside)} showers")
extreme = table.nsmallest(len(table) // 20, "log weight")  # the model makes too many of them
pd.DataFrame({"5 % of smallest weight": extreme.median(), "all": table.median()}).round(3)

# %% [markdown]
# **Explain.** The trees never give exactly one, not even for a perfect generator: the second number says by how much they
# scatter for *other cascades*. Where the first is clearly larger, the judge has found something; where both are alike, these
# trees have found nothing that stands out, which agrees with an area near one half. The table compares the showers with the
# smallest weights, of which the model would make too many, with all of them. Select them in the views.
#
# ## All generators, judged alike
#
# The next tables are stored: trainings take too long for a lesson. All models are judged by the strongest of
# their judges, with mean and spread of three trainings. All have the settings of
# the library, and none had more than some three minutes. *real* is the training sample itself against the test: no generator can be
# better, and its *copies* are 1 by construction. *gaussian* knows means and correlations only, and *resampler* gives back
# training showers. For jets, the columns are Wasserstein distances in thousandths, of jets of another half.
#
# **Predict.** Which row of each table will be the best one after *real*, and which column would have told you the truth?

# %%
found = results.read_results()
for part, columns in (
    ("profiles", ["auc", "closer", "copies", "coverage", "ms_1", "ms_10000"]),
    ("voxels", ["auc", "auc_features", "auc_voxels", "copies", "coverage", "ms_1", "ms_10000"]),
    ("refinement", ["auc", "moved", "kept"]),
    ("jets", ["w1_mass", "w1_particles", "w1_number"]),
):
    print(f"{part}: {found.setup[part]}")
    display(found.shown(part, columns, digits=1 if part == "jets" else 3))
    of_test = max(r.numbers.get("auc_error", 0) for r in found.rows if r.part == part)
    print(f"one test sample for all: an error of up to {of_test:.3f} on an area" if of_test else "")

# %% [markdown]
# **Explain.** `ms_1` and `ms_10000` are milliseconds a shower, made one or ten thousand at a time. The resampler is good in the
# area of the judge and in coverage, because its showers *are* true showers. Only *copies* and *closer* tell. A table without a
# test of memory rewards memory: among the profiles it stands before every model but flow matching, and among the voxels before
# all of them. And the Gaussian shows how far a strong judge goes: means and correlations of the raw features are right, and the
# area is nearly one.
#
# Among the models of layer energies and moments flow matching comes first, ahead of the flow with an exact density. One
# step of its student is thirty times faster, and costs 0.2 in the area. Diffusion has the same network, epochs and number of
# steps, which need not be the best ones for it. With *voxels* nothing comes near the resampler: `three_steps`, which learns
# first where anything is and then how much, is the nearest, and its judge still sees it. Two rows are only different if they
# differ by more than their spreads, and these are our small networks, trained for minutes: no verdict on the methods.
#
# *Refinement* starts from a formula that a judge tells from cascades at once. Weights keep one shower in hundreds: where the
# formula makes nothing, nothing can be weighted. Regression moves all showers and helps little; the bridge helps most.
# For *jets* compare with the resampler, whose distance is that of two samples of real jets: the particles of flow matching
# are as near to the truth, its masses are not, and the two others are farther away in both.
#
# ### Exercise 3.6: a test of memory
#
# Write the test that found the copies: the share of generated rows whose nearest row (the usual distance) in the training
# sample is nearer than their nearest row in a fresh sample of the same size.


# %%
def share_closer(training, fresh, generated):
    """Rows (N, D), (N, D), (M, D), in units of their widths → one share."""
    # BEGIN SOLUTION
    from scipy.spatial import cKDTree

    to_training, _ = cKDTree(training).query(generated)  # (M,)
    to_fresh, _ = cKDTree(fresh).query(generated)
    return (to_training < to_fresh).mean()
    # END SOLUTION


# %% [markdown] tags=["hint"]
# `scipy.spatial.cKDTree(rows).query(others)` gives the distance of each of the others to its nearest row.

# %% [markdown] tags=["hint"]
# Two distances for each generated row. In which share of the rows is the first one smaller?

# %%
share_closer = check("3.6", share_closer)
rng = np.random.default_rng(SEED)
one, other, fresh_half = np.array_split(rng.permutation(real) / real.std(axis=0), 3)
n = min(len(one), len(other))
for name, rows in (("fresh cascades", fresh_half), ("copies", one[rng.integers(n, size=n)])):
    print(f"{name:>14}: {share_closer(one[:n], other[:n], rows):.2f}", end=", ")
print(f"the trained model: {share_closer(one[:n], other[:n], made / real.std(axis=0)):.2f}")

# %% [markdown]
# ### Exercise 3.7: the shortest report
#
# Each row is a fault at the fourth of its five strengths, each column a metric. A metric sees a fault if it is three
# spreads above its floor. **Predict** first how many metrics a report needs, so that at least one of them sees each fault.
# Then give the shortest list that does.

# %%
seen = seen_at(3)
display(seen.round(1))
report = ...  # SOLUTION: ["W1", "FPD", "coverage"]

# %% [markdown] tags=["hint"]
# Begin with the fault that the fewest metrics see. What is still missing?

# %%
report = check("3.7", report, seen=seen)
seen[report].round(1)

# %% [markdown]
# ## Compose your own fault
#
# Write `fault(x, rng)`: it gets true rows (N, 24), layers and moments, and returns rows of the same shape. Can you make physics
# wrong, the mean response by more than 0.2 %, while the area of the trees stays below 0.55 and the coverage falls by less
# than 0.01? Then the usual table would not show it.


# %%
def fault(x, rng):
    """The energy of the last layers of one shower in four is lost: a dead board."""
    broken = x.copy()
    dead = rng.random(len(x)) < 0.25
    broken[dead, 16:20] *= 0.5
    return broken


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
# **Exercise 3.8, an open challenge.** Write a doctor for generators. `diagnosis(training, real, generated)` gets three
# samples (N, 10) of layers and moments, standardised, in an order that you do not know: what a generator was trained on, fresh
# cascades, and what it made. It says what is wrong: *healthy*, *shift*, *smear*, *missing tail*, *lost correlation* (each
# of one feature), *missing mode* or *copies*. The check judges it on 28 hidden cases, in which features and strengths
# are drawn anew. **Bronze** from 50 %, **silver** from 75 %, **gold** from 92 %.

# %%
test = load("calo_profiles", split="test")
x, of_x = showers.profiles_of(test, SEED)
x = x[(of_x > 5) & (of_x < 50)]
rows = np.column_stack([x[:, 20], x[:, 21:], x[:, 4:18:3]])  # mean depth, other moments, layers
practice = cases(rows, n_of_each=2, rng=SEED)


def diagnosis(training, real, generated):
    """Rows (N, D) each → "healthy" or the name of the fault."""
    # BEGIN SOLUTION
    if evaluation.memorisation(training, real, generated).copies > 0.05:
        return "copies"
    if (real > generated.max(axis=0)).mean(axis=0).max() > 0.04:
        return "missing tail"
    lost = np.corrcoef(real, rowvar=False) - np.corrcoef(generated, rowvar=False)
    if np.abs(lost).max() > 0.45:
        return "lost correlation"
    if evaluation.neighbour_metrics(real, generated).coverage < 0.85:
        return "missing mode"
    if (np.abs(generated.mean(axis=0) - real.mean(axis=0)) / real.std(axis=0)).max() > 0.22:
        return "shift"
    middle = [np.diff(np.quantile(one, (0.16, 0.84), axis=0), axis=0) for one in (real, generated)]
    return "smear" if (middle[1] / middle[0]).max() > 1.18 else "healthy"
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Measure the same numbers between `training` and `real` first: this is what chance makes. `case.fault` of the practice cases
# says what is wrong with them.

# %% [markdown] tags=["hint"]
# One question after the other: copies (`evaluation.memorisation`), the largest value of each feature, the table of
# correlations, the coverage (`evaluation.neighbour_metrics`), the means, the widths.

# %%
diagnosis = check("3.8", diagnosis, rows=rows)
answers = [diagnosis(case.training, case.real, case.generated) for case in practice]
print(f"on the practice cases: {accuracy(answers, practice):.0%} are named right")

# %% [markdown]
# ## Break it: an energy that the model has never seen
#
# The model was trained from 1 to 100 GeV. Ask it for 200 GeV, and for less than 1 GeV, and let the cascade, live, give the
# answer.
#
# **Predict.** On which side will it fail, and where first: in the mean response, or in the mean depth?

# %%
for beam, times in ((0.2, 40), (0.5, 20), (5.0, 4), (200.0, 1)):
    n_live = times * sizes.live_showers
    live = np.random.default_rng(SEED)
    true = calo_showers.showers("cascade", np.full(n_live, beam), live, threshold=0.0)
    layers = true.reshape(n_live, 20, -1).sum(axis=2) / beam
    true_depth = layers @ (1.2 * (np.arange(20) + 0.5)) / layers.sum(axis=1)
    asked = model.sample(np.full(2000, beam), SEED)
    print(f"{beam:>5} GeV:", end="")
    for name, of_model, of_cascade, digits in (
        ("response", asked[:, :20].sum(axis=1), layers.sum(axis=1), 4),
        ("mean depth", asked[:, 20], true_depth, 2),
    ):
        error = np.hypot(of_cascade.std() / n_live**0.5, of_model.std() / len(of_model) ** 0.5)
        away = (of_model.mean() - of_cascade.mean()) / error
        print(f" {name} {of_model.mean():.{digits}f}, {of_cascade.mean():.{digits}f}", end="")
        print(f" (cascade), {away:+.1f} errors apart;", end="")
    print()

# %% [markdown]
# **Explain.** Numbers within two errors agree. Between the energies of the training the model interpolates, and at twice the
# largest energy its response and its mean depth are still right within the errors: the depth grows with the logarithm of the
# energy, which is what the network gets. Below 1 GeV the response stays nearly right, and the depth does not: true showers
# start to lose the form that the network knows, and no shower of the training tells. One right number on one side is no
# proof. Ask the simulation before you use a generator where it was not trained.
#
# ## What the papers found
#
# The CaloChallenge compared 31 generators on four data sets with Geant4 showers. These are rows of its data set 2,
# sorted by the strongest of three judges.

# %%
found = published.table()
display(found.round(3))
times = found[["ms_alone", "ms_hundred"]]
(times.loc["CaloDiffusion"] / times.min()).round().rename("CaloDiffusion over the fastest")

# %% [markdown]
# Read three things from it. The *strongest* judge decides: for *SuperCalo* a dense network on voxels (`auc_low`) finds 0.69
# where a network that knows the geometry (`auc_resnet`) finds 0.99. *Precision* is highest for a model whose judge is certain:
# many dimensions make it meaningless. And quality costs time: one shower alone takes the best model some 2500 times as long as
# the fastest, and in batches of a hundred some 90 times. Our numbers are not comparable: another calorimeter, another
# simulation, 960 voxels, and trainings of minutes.
#
# **References.** C. Krause et al., *CaloChallenge*, arXiv:2410.21611. C. Krause, D. Shih, *CaloFlow*, arXiv:2106.05285. L. Favaro
# et al., *CaloDREAM*, arXiv:2405.09629. R. Kansal et al., *Evaluating generative models in high energy physics*,
# arXiv:2211.10295. A. Butter et al., *GANplifying event samples*, arXiv:2008.06545.
