# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Explore: fill the budget
#
# ![Crossings enter a funnel: a menu and a network in a chip keep a few thousandths of them](../../docs/images/trigger.svg)
#
# A menu of seven items and a network share some kHz. You move the thresholds. The total rate, with its overlaps, must
# stay within the budget, and four new particles that nobody told you about should not be lost. Then you judge a
# network that sees the calorimeter as an image, and keep a rate while the beam fades.

# %% [markdown] tags=["objectives"]
# **After this notebook you can** fill a rate budget with overlapping items, say what an anomaly trigger adds to it and to
# simple sums, and keep a rate when the beam changes, with an alarm whose false alarms you have chosen.
#
# **You need** the tutorial of this theme, or to know what a rate and a threshold are.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1

# %%
import inspect
import re
import tempfile
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.metrics import roc_curve
from sklearn.neural_network import MLPClassifier

# %%
from data_fetch import load
from data_fetch.public import counterparts
from hepml_lite import exact, plotting, profiles
from hepml_lite.checks import check
from hepml_lite.statistics.intervals import efficiency_interval
from hepml_lite.statistics.metrics import auc

# %%
from hepml_lite.trigger import (
    baselines,
    continual,
    drift_alarms,
    firmware,
    following_threshold,
    formulas,
    graph_autoencoder,
    graph_building,
    inputs,
    jets_on_chip,
    pile_up,
    quantised_sets,
    rate_comparison,
    region_baselines,
    regions,
    student_arithmetic,
    tpc_filter,
)
from hepml_lite.trigger.quantities import quantities
from hepml_lite.trigger.results import TRAININGS, read_results

# %%
from widgets import show
from widgets.shared.linked import LinkedViews
from widgets.trigger import Trigger, samples

plotting.use_style()
sizes = profiles.sizes("07_trigger", PROFILE)
print(sizes)

# %%
show("trigger")

# %% [markdown]
# ## Questions to answer with the dashboard
#
# Write down your answer before you look at the folded one. The cells below print the numbers.
#
# 1. Switch all items off but *jet* (right ends, network 0). Which threshold meets 30 kHz? Add *HT* at 110 GeV. By how
#    much does the total grow, and why by less than the rate of the new item?
# 2. Which item gives most of $A\to4\ell$ for the least *pure* rate?
# 3. Give the network 5 kHz and lower nothing. Which signal gains most? Take the same 5 kHz for a lower muon threshold
#    instead: who wins?
# 4. Look at the ROC curves for the soft $h^\pm\to\tau\nu$. Which score is best at a share of $10^{-3}$? Is this a rate?


# %%
OFF = {
    "muon": 60,
    "two_muons": 40,
    "electron": 60,
    "two_electrons": 40,
    "jet": 200,
    "missing": 120,
    "sum_of_jets": 300,
    "network": 0.0,
}


def line(**state):
    """The live line of the dashboard in this state, without its markup."""
    return re.sub("<.*?>", "", Trigger(**state).compute()["line"])


for jet in (35, 40, 50):
    print(f"1, jet above {jet}:", line(**(OFF | {"jet": jet})))
print("1, with HT:", line(**(OFF | {"jet": 60, "sum_of_jets": 110})))

# %%
full = Trigger()
menu = full.rates()
for one in menu.items:
    without = tuple(other for other in full.with_network() if other.name != one.name)
    lost = full.efficiencies(full.with_network())["A -> 4l"]
    lost -= full.efficiencies(without)["A -> 4l"]
    pure = menu.pure_rate(one.name).value / 1e3
    print(f"2, {one.name:>16}: pure {pure:6.2f} kHz, {lost:6.2%} of A -> 4l depend on it")
for state in ({"network": 5.0}, {"network": 0.0, "muon": 3}, {"network": 0.0}):
    board = Trigger(**state)
    kept = board.efficiencies(board.with_network())
    total = board.rates().total.value / 1e3
    print(f"3, {state}: {total:.1f} kHz;", ", ".join(f"{k} {v:.1%}" for k, v in kept.items()))

# %%
for score in ("network", "rarity", "sum pT", "lepton count"):
    curve = Trigger(signal="h+- -> tau nu").compute()[f"roc {score}"]
    place = np.argmin(np.abs(np.log(curve["x"] / 1e-3)))
    print(f"4, {score:>12}: {curve['y'][place]:.2%} at a share of {curve['x'][place]:.1e}")

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. The threshold with a total just below 30 kHz is between the printed ones. Events with a hard jet mostly have a
#    large HT as well: they count once.
# 2. Compare the last column of the print: leptons come in pairs there, so an item with two leptons is nearly
#    free.
# 3. The lines of question 3 have the totals beside the efficiencies; compare only lines of the same total. A signal
#    gains where the network sees something that no item asks for.
# 4. None of them: the printed efficiencies are at the lower end of the axis. A share of the mixture is not a rate: most
#    of the mixture are QCD collisions with jets, which look stranger than this soft signal, and which the beam has in one
#    of a hundred crossings only. At a rate the signal is not lost: look at the second figure.
#
# </details>
#
# ## Look at the events
#
# Each point is an event of one of the signals, or background that has an object. Select events in one view with the box or
# the lasso, and see the same ones in the others.
#
# **Predict.** Select events with a large network score. Where are they in the other views: at many leptons, at large
# sums, or both?

# %%
chosen = []
for name, group in samples.groups().items():
    part = pd.DataFrame(
        {
            "sum pT [GeV]": group.columns["sum pT"],
            "missing momentum [GeV]": group.columns["met"],
            "leading lepton [GeV]": np.maximum(group.columns["muons 1"], group.columns["egamma 1"]),
            "log10 network score": np.log10(group.columns["network"] + 0.01),
            "signal": float(name != "background"),
        }
    )
    chosen.append(part[part["sum pT [GeV]"] > 0][:1000])
table = pd.concat(chosen).sample(frac=1, random_state=SEED)
score = "log10 network score"
pairs = [("sum pT [GeV]", score), ("leading lepton [GeV]", score)]
pairs += [("missing momentum [GeV]", score), ("signal", score)]
views = LinkedViews(table, pairs)
views

# %%
high = table[table[score] > table[score].quantile(0.9)]
print("the tenth of these events with the largest scores, against all of them (means)")
pd.DataFrame({"all": table.mean(), "largest scores": high.mean()}).round(2)

# %% [markdown]
# **Explain.** The table answers the question for this network. The score follows whatever the training had to squeeze
# through eight numbers: mostly the activity, and leptons where they are rare.
#
# ## The calorimeter as an image
#
# So far the network saw objects that something else had found. **CICADA** of CMS sees the transverse energies of 18 × 14
# regions before any object exists. A large autoencoder, the *teacher*, reconstructs ordinary images, and its error is
# the score. It is far too large for the chip. So a small *student* learns to give the teacher's score at once, from the
# same image, in whole numbers: a dense one, 252-15-1, and one with a single filter for all patches of 2 × 2 regions.
#
# **Predict.** At the same rate: how much does the student lose against the teacher? And does the teacher beat the plain
# sum of all energies?

# %%
images = load("trigger_regions", PROFILE, "train")
test = load("trigger_regions", PROFILE, "test")
RATE = 100_000  # Hz
ordinary = images.of_class("background")
epochs = {"teacher_epochs": sizes.image_epochs, "student_epochs": 6 * sizes.image_epochs}
started = time.perf_counter()
dense = regions.train_region_trigger(ordinary, seed=SEED, **epochs)
with_filter = regions.train_region_trigger(
    ordinary, student="convolutional", teacher=dense.teacher, seed=SEED, **epochs
)
print(f"{len(ordinary)} images, trained in {time.perf_counter() - started:.0f} s")
image_scores = region_baselines.region_floors(test)
image_scores |= {"teacher": dense.teacher_score(test)}
image_scores |= {"dense student": dense.student_score(test)}
image_scores |= {"student with a filter": with_filter.student_score(test)}
compared = rate_comparison.compare_at_rate(image_scores, test, RATE, sizes.bootstrap, SEED)
print(f"efficiency in per cent where the background has {RATE / 1e3:g} kHz")
compared.table()

# %%
for signal in compared.signals:
    trees = region_baselines.region_trees(images, signal, SEED).score(test)
    ceiling = rate_comparison.compare_at_rate({"trees": trees}, test, RATE, sizes.bootstrap, SEED)
    pairs = (("dense student", "teacher"), ("dense student", "sum of energies"))
    highest = ceiling.interval("trees", signal)
    print(f"{signal:>15}: trees that know it {100 * highest.value:.1f} %", end="")
    for one, other in pairs:
        difference = compared.difference(one, other, signal)
        clear = abs(difference.value) > 2 * difference.error
        verdict = "" if clear else " (cannot be told apart)"
        print(f"; {one} minus {other} {100 * difference.value:+.1f}", end="")
        print(f" ± {100 * difference.error:.1f} %{verdict}", end="")
    print()

# %% [markdown]
# These error bars are those of the events. Another training is another draw, so here are three, made beforehand with the
# sizes of a lesson and judged on the same events. The errors are now those of the trainings alone.

# %%
trainings = read_results(TRAININGS)  # written by benchmarks/trigger_trainings.py
for one, other in (
    ("teacher", "sum of energies"),
    ("dense student", "sum of energies"),
    ("dense student", "teacher"),
    ("student with a filter", "dense student"),
    ("student with a filter", "hot regions"),
):
    print(f"{one} minus {other} [%]:", end="")
    for signal in compared.signals:
        difference = trainings.difference("image", one, other, signal)
        print(f"  {signal} {100 * difference.value:+.1f} ± {100 * difference.error:.1f}", end="")
    print()

# %% [markdown]
# **Explain.** The differences are *paired*: both scores see the same events, and in the second table the same seed.
# Half a thousand events of each signal know an efficiency to two per cent, so smaller differences say nothing. The
# teacher is far above the sum of energies: it has learned the *shape* of ordinary images. The same energy is strange in
# a few regions and ordinary in many. The dense student loses this, and stays within two per cent of the sum of energies
# in all three trainings: it adds up all regions before anything that is not linear happens. A filter with its own ReLU
# for each patch can tell hot from lukewarm regions, and wins a part back, but not as much as the plain count of hot
# regions has for nothing. The trees had some 1500 signal images to learn from; they are a ceiling only where they are
# the highest. The last column says how few background events decide about each threshold. The students of CMS learn
# from many more images, of real crossings and of outliers.
#
# What does the chip compute? All of the dense student, in whole numbers:

# %%
print(inspect.getsource(student_arithmetic.student_codes))
hidden, last = dense.student.whole().layers
numbers = [hidden.weight, hidden.bias, last.weight[:, 0], last.bias[0]]
energies = np.rint(test.regions.reshape(len(test), -1)).astype(int)  # a tie goes to the even one
by_hand = student_arithmetic.student_codes(energies, *(np.int64(one) for one in numbers))
print(
    "equal to the network in every bit:", np.array_equal(by_hand / 4, image_scores["dense student"])
)

# %% [markdown]
# ## A formula instead of a network
#
# The chip needs a score, not a network. *Symbolic regression* looks for a short formula that gives the same score. Its cost
# is counted in *adder bits*, one for each bit of each addition, as is that of the network's products with constants.
#
# **Predict.** How many operations does a formula need to come near the network: five, twenty, hundreds?

# %%
some = load("trigger_objects", PROFILE, "train", rows=slice(0, 2 * sizes.formula_events))
learn, judge = some[: sizes.formula_events], some[sizes.formula_events :]
settings = {"generations": sizes.generations, "seed": SEED}
network_score = np.log1p(samples.network_score(some))
started = time.perf_counter()
front = formulas.score_formulas(learn, network_score[: sizes.formula_events], **settings)
print(f"searched for {time.perf_counter() - started:.0f} s")
judged, weight = network_score[sizes.formula_events :], judge.weight
columns = formulas.columns_of(judge)
rows_of = [("network", judged, formulas.network_gates(samples.network()[1], squares=True))]
for place in np.unique(np.linspace(0, len(front) - 1, 4).astype(int)):
    one = front[place]
    rows_of.append((one.text, one(columns), formulas.formula_gates(one)))
for name, score_of, gates in dict((row[0], row) for row in rows_of).values():
    areas = []
    for k in range(1, len(judge.names)):
        chosen = np.isin(judge.label, (0, k))
        truth, counted = judge.label[chosen] > 0, np.where(judge.label == 0, weight, 1.0)[chosen]
        areas.append(auc(truth, score_of[chosen], counted))
    shown = ", ".join(f"{area:.2f}" for area in areas)
    print(f"{gates.operations:5} operations, {gates.adder_bits:7,} adder bits, ", end="")
    print(f"{gates.table_bits:6,} bits of tables, AUC {shown}: {name}")

# %% [markdown]
# Numbers in the formulas are momenta in units of 20 GeV. The AUC are those of the four signals, with background as it
# comes in the beam. The same for a *tagger* that knows its signal, the leptoquark:

# %%
tagged = np.isin(some.label, (0, 4))
train_part, test_part = some[tagged].split(0.5, 0.5, rng=SEED)
tagger_front = formulas.tagger_formulas(train_part, train_part.label > 0, **settings)
dense_net = MLPClassifier((16, 8), max_iter=sizes.mlp_iterations, random_state=SEED)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it may stop before the end
    dense_net.fit(formulas.columns_of(train_part), train_part.label > 0)
inputs_of = formulas.columns_of(test_part)
truth = test_part.label > 0
probability = dense_net.predict_proba(inputs_of)[:, 1]
products = sum(one.size for one in dense_net.coefs_)
print(f"dense network 8-16-8-1: {products} products, AUC {auc(truth, probability):.3f}")
for place in np.unique(np.linspace(0, len(tagger_front) - 1, 4).astype(int)):
    one = tagger_front[place]
    gates = formulas.formula_gates(one)
    print(f"{gates.operations:3} operations, {gates.adder_bits:5,} adder bits, ", end="")
    print(f"{gates.table_bits:6,} bits of tables, AUC {auc(truth, one(inputs_of)):.3f}: {one.text}")

# %% [markdown]
# These are one search and one network. Here are three searches with other seeds and other events, judged on 100 000
# events of the test split. Of all formulas with so many operations the one that fits best is taken:

# %%
for part in ("formula of the score", "formula of the tagger"):
    for row in trainings.rows:
        if row.part == part and row.method != "network":
            area = row.numbers["auc"]
            print(f"{part}, {row.method:>20}, search {row.seed}: AUC {area:.3f}  {row.setting}")
    for most in ("at most 4 operations", "at most 8 operations"):
        difference = trainings.difference(part, most, "network", "auc")
        print(f"  {most} minus the network: {difference.value:+.3f} ± {difference.error:.3f}")

# %% [markdown]
# **Explain.** No two searches give the same formula of more than two operations: a formula that was found once is an
# example. Formulas of the *tagger* lack a few per cent of AUC against the network in all three searches. Formulas of
# the anomaly score scatter more, and those of eight operations have a *larger* AUC than the network that they imitate:
# they have thrown away a part of the score that these signals do not need. Nobody promised that the network's score is
# the best one. The estimate of the gates counts no registers and no routing, and a synthesis would share additions; a
# table of $2^{12}$ entries is a block of memory.
#
# ## Jets as sets, in logic
#
# A jet is a set of particles. *Deep Sets* puts the same small layer on each, adds up, and decides; an *interaction network*
# first lets each pair exchange a message. Both are trained in few bits, with the hardest constituents only.
#
# **Predict.** How many copies of its first layer does the chip need for eight constituents in a set, and for five in a
# graph with all pairs?

# %%
jets = load("jet_classes", PROFILE)
names_of = [*jets.names]
order = np.random.default_rng(SEED).permutation(len(jets))
first, second = np.split(order, [2 * len(order) // 3])
kinds = {
    "Deep Sets, 8 constituents": (8, quantised_sets.deep_sets(8, n_classes=len(names_of))),
    "interaction network, 5": (5, quantised_sets.interaction_network(5, n_classes=len(names_of))),
}
in_logic = {}
for name, (n_particles, network) in kinds.items():
    numbers = jets_on_chip.jet_inputs(jets, n_particles)
    jets_on_chip.train_on_jets(network, numbers[first], jets.label[first], epochs=sizes.jet_epochs)
    whole = network.whole()
    logits = whole(numbers[second])
    right = efficiency_interval(
        int((logits.argmax(axis=1) == jets.label[second]).sum()), len(second)
    )
    two = np.isin(jets.label[second], (names_of.index("gluon"), names_of.index("top")))
    odds = logits[:, names_of.index("top")] - logits[:, names_of.index("gluon")]
    area = auc(jets.label[second][two] == names_of.index("top"), odds[two])
    copies = firmware.sets_verilog.n_copies(whole)
    print(f"{name:>26}: right in {right} of 6 classes, top against gluon AUC {area:.3f}, ", end="")
    print(f"copies of the layers {copies}")
    in_logic[name] = whole, whole.input_type.codes(numbers[second][: sizes.jets_in_logic])

# %%
for name, (whole, codes) in in_logic.items():
    with tempfile.TemporaryDirectory() as folder:
        if firmware.tools.TOOLS["iverilog"].is_here:
            how = "Icarus"
            circuit = firmware.sets_verilog.shared_design(whole)
            out = firmware.simulation.with_icarus(circuit, Path(folder))(codes)
        elif firmware.tools.TOOLS["pyrtl"].is_here:
            how, out = "PyRTL", firmware.without_compiler.with_pyrtl(whole)(codes)
        else:
            print("neither iverilog nor pyrtl is here: pip install pyrtl")
            continue
    print(f"{name}: {np.mean(out == whole.codes(codes)):.0%} of {out.size} results equal ({how})")
for n in (4, 8, 16):
    search = graph_building.NeighbourSearch(n, 3)
    print(f"3 neighbours of {n:2} particles: {search.n_comparators:5} comparators ", end="")
    print(f"in {len(search.stages)} stages, whatever comes in")
for one, other in (
    ("interaction network, 5 constituents", "Deep Sets, 5 constituents"),
    ("Deep Sets, 8 constituents", "Deep Sets, 5 constituents"),
):
    difference = trainings.difference("jets", one, other, "accuracy")
    shown = f"{100 * difference.value:+.1f} ± {100 * difference.error:.1f} %"
    print(f"three trainings, right: {one} minus {other}: {shown}")

# %% [markdown]
# **Explain.** Weights are shared on paper; in the chip each particle or pair has a copy of its own, so that the number of
# pairs, $n(n-1)$, is the price of messages. In three trainings of this length they buy nothing that could be seen, while
# three more constituents do: with so few bits and epochs it matters more what a network sees than how it is connected.
# Where a graph is not complete, its edges must be found first: a sorting network compares fixed pairs of wires, and its
# latency is the number of stages.
#
# ## A fill: the beam gets weaker
#
# During a fill the number of collisions in a crossing falls. A fixed threshold then keeps less and less, and the
# bandwidth is wasted; at the beginning it may keep too much. So the threshold follows the rate.
#
# **Predict.** Pile-up falls from 40 to 20. By which factor does the rate of "sum of pT" at a fixed threshold fall? And
# that of the network on the objects?

# %%
minimum_bias = load("minimum_bias", PROFILE)
crossing_rate = 28.6e6  # Hz
SHARE = 0.005
hours = np.linspace(0, 12, sizes.intervals)
collisions = 40 * np.exp(-hours / 17)
rng = np.random.default_rng(SEED)
fill = {"sum of pT": [], "network": []}
rows, scaling = [], None
for mu in collisions:
    now = pile_up.crossings(minimum_bias, mu, sizes.crossings // 2, rng)
    fill["sum of pT"].append(quantities(now)["sum pT"].astype(float))
    fill["network"].append(samples.network_score(now))
    scaling = scaling or inputs.InputScaling.of_background(now)
    rows.append(scaling(now))
for name, batches in fill.items():
    cut = np.quantile(batches[0], 1 - SHARE, method="higher")
    kept = [efficiency_interval(int((one >= cut).sum()), len(one)) for one in batches]
    shown = [
        f"{crossing_rate / 1e3 * one.value:.0f} kHz ({one:.2e})" for one in (kept[0], kept[-1])
    ]
    print(f"{name:>10}: {shown[0]}, at the end {shown[1]}")
some = pile_up.crossings(minimum_bias, 40, 500, rng, with_regions=True)
full = np.mean(dense.student_score(some) == regions.SCORE.highest)
print(f"the student on the image is at the end of its scale in {full:.0%} of the crossings at 40")

# %% [markdown]
# **Explain.** The brackets have the shares with their errors: the factors are rough, and far from one. A score that adds
# up collisions falls faster than the pile-up itself. The student of the last section is worse off: it was trained on
# single collisions, so with forty of them it has no scale left. A trigger is trained at the pile-up of the day.
#
# ### Exercise 7.8: an alarm
#
# Is the rate still what it was? A limit on single counts waits for a large jump. A *cumulative sum* [1] adds up small
# deviations $z_t$ and forgets as long as they stay below a reference $k$:
#
# $$S_t=\max(0,\;S_{t-1}+z_t-k),\qquad S_0=0.$$


# %%
def cusum(z, reference):
    """All sums S (T,) of the deviations z (T,)."""
    # BEGIN SOLUTION
    total = 0.0
    sums = []
    for deviation in z:
        total = max(0.0, total + deviation - reference)
        sums.append(total)
    return np.array(sums)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# A loop over z with one variable for the sum. The maximum with 0 is taken in every step.

# %%
cusum = check("7.8", cusum)

# %% [markdown]
# An alarm system is judged by its false alarms. The mean number of intervals until one comes is the *average run
# length*. It follows from an integral equation, and nearly from a formula of Siegmund.
#
# **Predict.** You accept one false alarm in 500 intervals. How many intervals does a drop of the rate by one standard
# deviation stay unnoticed? How many with a limit on single counts of the same false-alarm rate?

# %%
WANTED = 500
alarm = drift_alarms.Cusum.with_false_alarms(WANTED)
runs = np.random.default_rng(SEED)
print(f"limit h = {alarm.limit:.2f}")
for shift in (0.0, 0.5, 1.0, 2.0):
    mean, error = drift_alarms.simulated_run_length(alarm, shift, sizes.runs, runs)
    ends = [1 / drift_alarms.average_run_length(s, alarm.limit) for s in (shift, -shift)]
    near = [1 / drift_alarms.siegmund_run_length(s, alarm.limit) for s in (shift, -shift)]
    print(f"shift {shift:.1f}: simulated {mean:6.1f} ± {error:.1f} intervals, exact ", end="")
    print(f"{1 / sum(ends):6.1f}, Siegmund {1 / sum(near):6.1f}", end="")
    single = norm.isf(0.5 / WANTED)
    print(f"; single counts {1 / (norm.sf(single - shift) + norm.cdf(-single - shift)):6.1f}")

# %%
minutes = 300
expected = np.full(minutes, 40.0)  # counts in an interval, after the known fall of the pile-up
true = expected * np.where(np.arange(minutes) < 100, 1, 0.85)  # a part of the detector dies
counts = runs.poisson(true)
z = drift_alarms.deviations(counts, expected)
rise, fall = cusum(z, alarm.reference), cusum(-z, alarm.reference)
fig, axes = plt.subplots(1, 2, figsize=(14, 5))
axes[0].plot(counts, ".", ms=4)
axes[0].plot(true, color="#D55E00")
axes[0].set(xlabel="interval", ylabel="crossings kept")
axes[1].plot(rise, label="rise")
axes[1].plot(fall, "--", label="fall")
axes[1].axhline(alarm.limit, color="0.6", ls=":", label="limit")
axes[1].set(xlabel="interval", ylabel="cumulative sum")
axes[1].legend()
plt.show()
before, after = int(alarm.first_alarm(z[:100])), int(alarm.first_alarm(z[100:]))
print(
    f"before the fall: {f'a false alarm after {before}' if before else 'no alarm in 100'} intervals"
)
print(f"after the fall by 15 %: alarm after {after} intervals" if after else "no alarm at all")

# %% [markdown]
# **Explain.** For small shifts the printed run lengths of the cumulative sum are far below those of single counts: it
# has a memory. For a shift of many standard deviations there is nothing to add up. The simulated lengths and the exact
# ones agree, so the false-alarm rate is known and not hoped for. What it needs is the *expected* count. If that is
# wrong, the alarm finds it.
#
# ### Exercise 7.9: a threshold that follows
#
# `passed` crossings of the last interval were kept, `wanted` are allowed. Near the threshold the rate falls by e over
# the length `scale`. Move the threshold by the relative excess of the count, times the scale, times a `gain` between 0
# and 1.


# %%
def moved(threshold, passed, wanted, gain, scale):
    """The threshold of the next interval."""
    # BEGIN SOLUTION
    return threshold + gain * scale * (passed / wanted - 1)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# If exactly `wanted` crossings have passed, the threshold stays where it is.

# %%
moved = check("7.9", moved)
name = "sum of pT"
batches = [part for batch in fill[name] for part in np.array_split(batch, 2)]
cut = np.quantile(batches[0], 1 - SHARE)
scale = following_threshold.tail_length(fill[name][0], 2 * SHARE)
tried = {"fixed": following_threshold.fixed_threshold(batches, cut)}
for gain in (0.1, 0.3, 1.0):
    tried[f"follows, gain {gain}"] = following_threshold.following_threshold(
        batches, SHARE, cut, gain, scale
    )
tried["quantile of the last one"] = following_threshold.quantile_threshold(batches, SHARE, cut)
for name, one in tried.items():
    kept = one.share / SHARE
    print(f"{name:>25}: {kept.mean():5.2f} of the allowed rate, spread {kept.std():.2f}", end="")
    print(f", last third {kept[-len(kept) // 3 :].mean():5.2f}")

# %%
fig, ax = plt.subplots()
for name, one in tried.items():
    ax.plot(one.threshold, label=name, **plotting.class_style(name))
ax.set(xlabel="interval of the fill", ylabel="threshold on the sum of pT [GeV]")
ax.legend(fontsize="x-small")
plt.show()
print(f"an interval allows {SHARE * len(batches[0]):.1f} crossings: ", end="")
print(f"its count alone spreads by {1 / np.sqrt(SHARE * len(batches[0])):.2f}")

# %% [markdown]
# **Explain.** Compare the last column with one, and the spread with the last line. A small gain stays behind the beam by
# the drift over the gain; a large one, and the quantile of few crossings, pass the noise of the counts on to the
# threshold. An experiment has a million times more crossings in an interval, and chooses the gain by its drift.
#
# ## Learning on, with little memory
#
# A network can follow the beam as well. The autoencoder below learns at the beginning of the fill. Then it is *frozen*, or
# goes on with the *last crossings*, or mixes them with a small random memory (*replay*), or is *retrained* on all so far.
#
# **Predict.** At the end of the fill the next one begins, with pile-up 40 again. Which of them has forgotten?

# %%
found = []
for strategy in continual.STRATEGIES:
    for seed in range(SEED, SEED + sizes.learners):
        learner = continual.Learner(strategy, n_first=sizes.first_steps, seed=seed)
        started = time.process_time()
        for batch in rows[: len(rows) - 1]:
            learner.see(batch[: len(batch) // 2])
        row = {"strategy": strategy, "seconds": time.process_time() - started}
        row |= {"steps": learner.steps_taken, "crossings kept": learner.rows_in_memory}
        for when, batch in (("end of the fill", rows[-1]), ("next fill", rows[0])):
            row[when] = learner.score(batch[len(batch) // 2 :]).mean()
        found.append(row)
found = pd.DataFrame(found)
print(f"error of the reconstruction, mean of {sizes.learners} trainings; the smaller, the better")
found.groupby("strategy", sort=False).mean().round(3)

# %%
for when in ("end of the fill", "next fill"):
    errors = found.pivot_table(
        index=found.groupby("strategy").cumcount(), columns="strategy", values=when
    )
    for other in ("frozen", "last crossings", "retrained"):
        difference = errors["replay"] - errors[other]
        error = difference.std() / np.sqrt(len(difference)) if len(difference) > 1 else np.inf
        clear = abs(difference.mean()) > 2 * error
        verdict = "" if clear else ": cannot be told apart"
        print(
            f"{when:>16}: replay minus {other:>14} {difference.mean():+.3f} ± {error:.3f}{verdict}"
        )

# %% [markdown]
# **Explain.** Read the four lines as prices. Retraining keeps every crossing and takes most of the steps. The last
# crossings alone need no memory; compare their two errors with those of *replay*, which holds 500 crossings. A
# difference counts only where the print does not say that it cannot be told apart. If the last crossings alone are not
# the worse ones at the next fill, then nothing was forgotten: half of the pile-up has the same objects, only fewer of
# them. Retraining starts from nothing and has as many steps as the first training, for more crossings. And a
# warning: what learns on also learns a signal that lasts, or a dying piece of the detector, as ordinary.
#
# ## Two small detectors
#
# Two more places where a small network decides before anything is stored, each as a toy with live training.
#
# **A light long-lived particle** flies through some layers of a tracker without a hit, then decays into two tracks. A
# *graph autoencoder* [5] learns ordinary hits and their nearest neighbours, and never sees a decay. The floor counts the
# hits that are missing in the two inner layers.
#
# **Predict.** For which flight distances is the floor the better one: short or long?

# %%
decays = exact.DisplacedDecays()
ordinary_hits = decays.sample(sizes.toy_events, displaced=False, rng=SEED)
prompt = decays.sample(sizes.toy_events, displaced=False, rng=SEED + 1)
displaced = decays.sample(sizes.toy_events, displaced=True, rng=SEED + 2)
graph = graph_autoencoder.train_graph_autoencoder(*ordinary_hits[:2], seed=SEED)
found = {}
for name, of_events in (("prompt", prompt), ("displaced", displaced)):
    inner = graph_autoencoder.displaced_floors(*of_events[:2])["missing inner hits"]
    error = graph_autoencoder.graph_score(graph, *of_events[:2])
    found[name] = {"graph autoencoder": error, "missing inner hits": inner + 1e-3 * error}

# %%
edges = np.arange(0, 6.1, 1.0)
fig, ax = plt.subplots()
for score, marker in zip(found["prompt"], "os", strict=True):
    cut = np.quantile(found["prompt"][score], 0.95)
    passed = found["displaced"][score] > cut
    bins = np.digitize(displaced.flight, edges) - 1
    shares = [
        efficiency_interval(int(passed[bins == k].sum()), int((bins == k).sum())) for k in range(6)
    ]
    errors = np.array([share.errors for share in shares]).T
    ax.errorbar(edges[:-1] + 0.5, [one.value for one in shares], errors, marker=marker, label=score)
    print(
        f"{score:>20}: {efficiency_interval(int(passed.sum()), len(passed))} of all decays at 5 %"
    )
ax.set(xlabel="flight distance [layers]", ylabel="efficiency at 5 % of prompt events", ylim=(0, 1))
ax.legend()
plt.show()

# %% [markdown]
# **A time projection chamber** sends mostly noise. A filter of four 2 × 2 filters and eight nodes, in whole numbers, tells
# the cluster of a track from a spike of the same charge. Here the best possible filter is known: the likelihood ratio.

# %%
chamber = exact.TpcPatches()
patches, is_track = chamber.sample(sizes.toy_events, SEED)
patches_test, truth = chamber.sample(sizes.toy_events, SEED + 1)
tpc = tpc_filter.train_tpc_filter(patches, is_track, seed=SEED)
others = []
for seed in range(SEED + 1, SEED + sizes.learners):
    other = tpc_filter.train_tpc_filter(patches, is_track, seed=seed)
    others.append(auc(truth, tpc_filter.filter_score(other, patches_test)))

# %%
filters = tpc_filter.tpc_floors(patches_test)
filters |= {"filter in whole numbers": tpc_filter.filter_score(tpc, patches_test)}
filters |= {"exact likelihood ratio": chamber.log_ratio(patches_test)}
fig, axes = plt.subplots(1, 3, figsize=(14, 4))
for ax, k, title in zip(axes, (1, 0), ("a track", "noise"), strict=False):
    ax.imshow(patches_test[truth == k][0], cmap="viridis")
    ax.set(xlabel="time bin", ylabel="pad", title=title)
for name, score in filters.items():
    false, true = roc_curve(truth, score)[:2]
    axes[2].plot(false, true, label=name, color=plotting.class_style(name)["color"])
    at = np.quantile(score[truth == 1], 0.05)
    noise = efficiency_interval(int((score[truth == 0] >= at).sum()), int((truth == 0).sum()))
    print(f"{name:>24}: AUC {auc(truth, score):.3f}, noise left at 95 % of the tracks {noise}")
print("AUC of the filter in other trainings:", ", ".join(f"{one:.3f}" for one in others) or "none")
axes[2].set(xlabel="noise kept", ylabel="tracks kept")
axes[2].legend(fontsize="xx-small", loc="center right")
plt.show()

# %% [markdown]
# **Explain.** The floor needs a decay beyond the inner layers: below one layer nothing is missing. Compare the two curves
# there and further out; the graph autoencoder is one training. In the chamber the charges are equal, so the charge says
# nothing. What all trainings of the filter lack to the likelihood ratio is the price of few weights, few bits and few
# patches together; what they differ by is the luck of a training. Both toys have one kind of noise, and it is known.
#
# ## Your turn: a score that survives the day
#
# ### Exercise 7.10, an open challenge
#
# Write `train(background)`: it gets background crossings with 40 collisions in each, and returns a function that gives
# one score (N,) for `TriggerEvents`. The check makes *new* crossings with 20 collisions, of background and of four
# signals, hides the labels, mixes them, and keeps 0.5 % of the background (143 kHz). It takes the geometric mean of the
# four efficiencies.
#
# - **bronze**: 0.25, above what any single quantity reaches;
# - **silver**: 0.34;
# - **gold**: 0.40.


# %%
def train(background):
    """A function TriggerEvents → (N,) score, from background with weights [Hz]."""
    # BEGIN SOLUTION
    rare = ("met", "egamma 1", "egamma 2", "muons 1", "muons 2", "jets 1", "HT")
    return baselines.Rarity.of_background(background, rare).score
    # END SOLUTION


# %% [markdown] tags=["hint"]
# With forty collisions there is always a jet, so sums say little. What is rare in a crossing even then?

# %%
train = check(
    "7.10",
    train,
    minimum_bias=minimum_bias,
    hidden_signals=lambda: load("trigger_objects", PROFILE, "val"),
    n_crossings=sizes.crossings,
)

# %% [markdown]
# ## Real crossings
#
# At the profile `paper` the same functions read public data: ADC2021, a simulation with a lepton in every event, and
# zero-bias crossings that CMS recorded in 2025. There a share *is* a rate: times the number of colliding bunches times
# 11 246 Hz.

# %%
public = {}
if sizes.public_events:
    part = slice(0, sizes.public_events)
    public["ADC2021, background"] = load(
        "trigger_objects", split="test", source="public", rows=part
    )
    public["CMS, zero bias"] = counterparts.load("cms_l1_anomaly", "test", part)
for name, crossing in public.items():
    crossing = crossing[crossing.label == 0]
    for quantity, cut in (("muons 1", 12), ("egamma 1", 20), ("jets 1", 60), ("met", 30)):
        kept = efficiency_interval(
            int((quantities(crossing)[quantity] >= cut).sum()), len(crossing)
        )
        print(f"{name}: {quantity} above {cut} GeV in {kept:.2e} of {len(crossing)} crossings")
if not public:
    print("not read at this profile; `hepml data list` says how large the files are")

# %% [markdown]
# ## Take-away
#
# - Move the item with the smallest pure rate for its gain.
# - A network is judged by what it adds at its rate, beside the menu and beside the plain sum.
# - An alarm has a false-alarm rate: choose it, and check it by simulation.
# - A threshold that follows pays for a small spread with a delay.
#
# <details><summary>The threshold follows the rate, and the rate is constant. Is the detector all right?</summary>
# Not necessarily. A piece that dies changes the scores, the threshold follows, and the rate shows nothing. Watch the
# threshold, too.
# </details>
#
# <details><summary>Why is the student trained on the logarithm of the teacher's error?</summary>
# A few hard events have errors that are thousands of times larger. They would rule the loss, and the student would spend
# its few bits on events that pass anyway.
# </details>
#
# **References.** [1] E. S. Page, Biometrika 41 (1954) 100; D. Siegmund, *Sequential Analysis*, Springer 1985. [2] CMS
# Collaboration, CICADA, github.com/CICADA-CMS. [3] H. Robbins, S. Monro, Annals of Mathematical Statistics 22 (1951) 400.
# [4] A. Chaudhry et al., [1902.10486](https://arxiv.org/abs/1902.10486) (replay). [5] B. Bhattacherjee et al., LLPNet,
# [2308.13611](https://arxiv.org/abs/2308.13611).
