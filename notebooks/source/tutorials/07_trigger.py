# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Trigger: a day at 40 MHz
#
# ![Crossings enter a funnel: a menu and a network in a chip keep a few thousandths of them](../../docs/images/trigger.svg)
#
# Bunches of protons cross up to 40 million times a second. Only some thousand of these crossings can be read out.
# The others are gone for ever, a few microseconds after they happened. You will decide which ones to keep: first by
# thresholds, then by a network that has never seen a signal. At the end you turn this network into logic, and
# watch it agree with the trained one bit by bit.

# %% [markdown] tags=["objectives"]
# **After this notebook you can**
#
# - turn simulated events into a rate in Hz, with its error, and fill a rate budget;
# - train an anomaly trigger, and say what it adds to thresholds that anyone can set;
# - predict what a number becomes in fixed point, and find the sum that overflows;
# - say what a network costs in bit operations, and take bits and weights from it;
# - turn it into C++ and Verilog, and prove that they compute the same.
#
# **You need** NumPy, and the idea of a network from *Start here*. A compiler (`g++`) and Icarus Verilog are used if
# they are there.

# %% tags=["parameters"]
PROFILE = "lesson"  # smoke: a quick test; lesson: a class; paper: millions of events
SEED = 1

# %%
import tempfile
import time
from pathlib import Path

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from data_fetch import load
from hepml_lite import plotting, profiles
from hepml_lite.checks import check
from hepml_lite.course.try_it import try_it
from hepml_lite.statistics.metrics import auc
from hepml_lite.trigger import baselines, fitting_types, fixed_point, menus, pile_up, ranges, rates
from hepml_lite.trigger import quantities as trigger_quantities
from hepml_lite.trigger.anomaly.on_chip import train_for_chip
from hepml_lite.trigger.anomaly.variational import train_variational
from hepml_lite.trigger.emulation.integer_network import squared_score
from hepml_lite.trigger.pieces import in_pieces
from hepml_lite.trigger.rates.turn_on import turn_on

plotting.use_style()
sizes = profiles.sizes("07_trigger", PROFILE)
print(sizes)

# %% [markdown]
# ## 1 · From events to a rate
#
# A simulated sample has many top pairs and few ordinary collisions, or one would wait for years. In the beam it is the
# other way round. So each event carries a *weight* in Hz. How large is the rate of a selection?
#
# **Predict.** Of the simulated background events, a good part has a jet above 60 GeV. Which share of the *crossings*
# has one: one in ten, one in a thousand, one in ten thousand?

# %%
training = load("trigger_objects", PROFILE, "train")
events = load("trigger_objects", PROFILE, "test", rows=slice(0, sizes.test_events))
background = events.of_class("background")
columns = trigger_quantities.quantities(background)
weight = background.weight
for process in background.processes:
    of_process = background.of_process(process)
    if len(of_process):
        share = len(of_process) / len(background)
        rate_of_process = of_process.weight.sum() / len(background)
        print(f"{process:>26}: {share:5.1%} of the events, {rate_of_process:12,.1f} Hz")

# %% [markdown]
# ### Exercise 7.1: the rate
#
# The rate of a selection is a mean over *all* background events: of their weight if they pass, and of zero if they do
# not. `weight` (N,) is in Hz, `passed` (N,) is true or false.


# %%
def rate(weight, passed):
    """Hz: the rate of the events that pass."""
    # BEGIN SOLUTION
    return np.mean(weight * passed)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# If everything passes, the answer must be the rate of all crossings. Is it, with your formula?

# %%
rate = check("7.1", rate)
jet = columns["jets 1"] >= 60
print(f"{jet.mean():.1%} of the simulated events have a jet above 60 GeV")
print(
    f"{rate(weight, jet) / weight.mean():.2e} of the crossings have one: {rate(weight, jet):,.0f} Hz"
)


def readable(menu):
    """The table of a menu with its intervals as text."""
    table = menu.table()
    for column in ("rate [Hz]", "pure rate [Hz]"):
        table[column] = [f"{one}" for one in table[column]]
    return table.drop(columns="prescale").round({"effective events": 0})


items = (
    rates.Item("jet", {"jets 1": 60}),
    rates.Item("muon", {"muons 1": 12}),
    rates.Item("missing momentum", {"met": 30}),
)
menu = rates.MenuRates.of_events(items, columns, weight)
readable(menu)

# %% [markdown]
# **Explain.** The two shares above differ by orders of magnitude. The first says how the sample was made and nothing
# about nature: *a share of a mixture is not a rate*. The intervals in the table come from the weights (the gamma
# method): a few events of large weight know less than their number suggests. The last column says how many events of
# equal weight would know as much. The upper ends reach far: an empty crossing, the event of the largest weight, might
# have passed and did not. Weights are for *one* collision in each crossing; section 8 has more.
#
# ## 2 · A menu within a budget
#
# A trigger is a list of items, each with a threshold, and an event is kept if *any* item wants it. The budget is for
# all of them together.
#
# ### Exercise 7.2: the threshold for a rate
#
# Find the lowest of the `values` (N,), all different, at which `value >= threshold` stays within a `budget` in Hz.


# %%
def threshold(values, weight, budget):
    """The lowest of the values (N,) whose rate of "value >= threshold" is within the budget [Hz]."""
    # BEGIN SOLUTION
    falling = np.argsort(-values)
    grown = np.cumsum(weight[falling]) / len(values)
    return values[falling][grown <= budget][-1]
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Sort from the highest value to the lowest, take the weights along, and add them up.

# %% [markdown] tags=["hint"]
# `np.cumsum(weight[order]) / len(values)` is the rate down to each value. Where is it still within the budget?

# %%
threshold = check("7.2", threshold)
for kind in ("muons 1", "egamma 1", "jets 1", "met"):
    cut = threshold(columns[kind], weight, 5_000)
    print(f"5 kHz of {kind:>8}: above {cut:5.1f} GeV")

# %% [markdown]
# **Predict.** Six items get one sixth of 30 kHz each. Will the menu as a whole use more than 30 kHz, less, or exactly
# this?

# %%
BUDGET = 30_000  # Hz
shares = dict.fromkeys(("muons 1", "muons 2", "egamma 1", "jets 1", "HT", "met"), 1.0)
sixth = tuple(
    rates.Item(name, {name: rates.threshold_for_rate(columns[name], weight, BUDGET / 6)})
    for name in shares
)  # the library's version also knows what to do with many equal values, such as 0
alone = rates.MenuRates.of_events(sixth, columns, weight)
print(f"sum of the items {alone.sum:,.0f} Hz, all together {alone.total.value:,.0f} Hz")
filled = menus.thresholds_within(shares, columns, weight, BUDGET)
menu = rates.MenuRates.of_events(filled, columns, weight)
print(f"with lower thresholds: sum {menu.sum:,.0f} Hz, all together {menu.total.value:,.0f} Hz")
readable(menu)

# %%
signals = events.names[1:]
kept = {}
for name in signals:
    signal = events.of_class(name)
    of_signal = trigger_quantities.quantities(signal)
    kept[name] = menus.efficiencies(filled, of_signal, np.ones(len(signal)))
kept = pd.DataFrame(kept)
kept.style.format("{:.1%}")

# %% [markdown]
# **Explain.** The sum exceeds the total: events that pass two items count once. The *pure rate* is what the menu would
# save without this item. So thresholds can be lowered until the OR meets the budget. An item with a small pure rate is
# nearly for free, and a signal is lost where no item suits it: compare the columns of the second table.

# %% [markdown]
# **Try it.** Where do you put the two thresholds so that the rate stays below 30 kHz, and what do they keep?


# %%
def two_thresholds(muon, jet):
    """The rate and the efficiencies of a menu with a muon and a jet item."""
    pair = (rates.Item("muon", {"muons 1": muon}), rates.Item("jet", {"jets 1": jet}))
    total = rates.MenuRates.of_events(pair, columns, weight).total.value
    shown = [
        np.mean(menus.kept(pair, trigger_quantities.quantities(events.of_class(name))))
        for name in signals
    ]
    fig, ax = plt.subplots()
    within = total <= BUDGET
    ax.barh(signals, shown, color="#009E73" if within else "#D55E00")
    verdict = "within" if within else "OVER"
    ax.set(xlim=(0, 1), xlabel="efficiency", title=f"{total:,.0f} Hz: {verdict} the budget")
    return fig


muon = ipywidgets.IntSlider(8, 3, 40, description="muon [GeV]", continuous_update=False)
jet = ipywidgets.IntSlider(50, 15, 120, description="jet [GeV]", continuous_update=False)
try_it(two_thresholds, muon=muon, jet=jet)

# %% [markdown]
# ## 3 · Turn-on
#
# The trigger measures coarsely. Later, every kept event is measured again and better. How sharp is a threshold, seen
# from there?
#
# **Predict.** The trigger cuts at 40 GeV. From which *offline* jet pT on are 95 % of the events kept: 40, 50, 80 GeV?

# %%
jets_only = events.of_process("QCD 20 to 60 GeV")
offline = trigger_quantities.offline(jets_only)["jets"]
online = trigger_quantities.quantities(jets_only)["jets 1"]
edges = np.arange(20, 101, 4.0)
fig, ax = plt.subplots()
for cut in (30, 40, 50):
    curve = turn_on(offline, online >= cut, edges)
    values = np.array([one.value for one in curve.efficiency])
    errors = np.array([one.errors for one in curve.efficiency]).T
    style = plotting.class_style(f"cut at {cut} GeV")
    centres = (edges[:-1] + edges[1:]) / 2
    ax.errorbar(centres, values, errors, label=f"trigger cut {cut} GeV", **style)
    print(f"cut at {cut} GeV: at least 95 % from {curve.reaches(0.95):g} GeV offline on")
ax.axhline(0.95, color="0.6", ls=":")
ax.set(xlabel="leading offline jet pT [GeV]", ylabel="efficiency", ylim=(0, 1.05))
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# **Explain.** The printed values answer the question. The curve is the resolution of the trigger, integrated. An
# analysis cuts where the plateau begins, so a coarse trigger costs twice: events below the plateau fill the
# bandwidth and are not used.
#
# ## 4 · Keep the unexpected
#
# Each item of a menu was written for something that somebody expected. An *anomaly trigger* learns ordinary crossings
# and keeps what does not fit. Ours is a variational autoencoder on 57 numbers: pT, $\eta$ and $\phi$ of 19 objects
# [1]. Its encoder gives a Gaussian $N(\mu,\sigma^2)$ in eight latent variables, its decoder gives the event back.
#
# Inputs are whole numbers of hardware steps. A chip has no time to divide, so each gets an offset and a *shift*, a
# power of two, both learned from training background.
#
# ### Exercise 7.3: how far from ordinary?
#
# The training pulls each $N(\mu,\sigma^2)$ towards $N(0,1)$. How far it stays away is the Kullback-Leibler divergence
#
# $$D=\tfrac12\sum_i\left(\mu_i^2+\sigma_i^2-1-\ln\sigma_i^2\right).$$


# %%
def divergence(mean, log_variance):
    """D of each event, (N,), of mean (N, 8) and ln sigma² (N, 8)."""
    # BEGIN SOLUTION
    return 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# For mean 0 and `log_variance` 0 the result is zero.

# %%
divergence = check("7.3", divergence)
ordinary = training.of_class("background")
started = time.perf_counter()
trained = [
    train_variational(ordinary, epochs=sizes.epochs, seed=SEED + number)
    for number in range(sizes.trainings)
]
seconds = time.perf_counter() - started
print(f"{len(trained)} trainings on {len(ordinary)} background events in {seconds:.0f} s")
trigger = trained[0]

# %% [markdown]
# **Predict.** The chip has room for the encoder only, and no time for $\ln$. It computes $\sum\mu_i^2$. How much worse
# is this than the error of the reconstruction, for which one needs the decoder?

# %%
is_background = events.label == 0


def efficiencies_at(score, rate_hz):
    """Share of each signal above the threshold at which the background has this rate."""
    cut = rates.threshold_for_rate(score[is_background], weight, rate_hz)
    return [np.mean(score[events.label == 1 + place] >= cut) for place in range(len(signals))]


def weighted_auc(score, place):
    """Area under the ROC curve, with background as it comes in the beam."""
    chosen = is_background | (events.label == 1 + place)
    ones = np.where(is_background, events.weight, 1.0)
    return auc(events.label[chosen] > 0, score[chosen], ones[chosen])


# %%
found, at_budget = [], []
for number, one in enumerate(trained):
    for name, score in one.scores(events)._asdict().items():
        row = {"score": name, "training": number}
        row |= {signal: weighted_auc(score, place) for place, signal in enumerate(signals)}
        found.append(row)
    at_budget.append(efficiencies_at(score, BUDGET))  # of the last score, the squared means
areas = pd.DataFrame(found).groupby("score").mean().drop(columns="training")
whole = areas.loc["reconstruction"]
print("AUC in weighted rates, mean of the trainings; loss against the reconstruction in brackets")
for name, row in areas.iterrows():
    print(f"{name:>15}:", end="")
    for signal in signals:
        print(f"  {signal} {row[signal]:.3f} ({1 - row[signal] / whole[signal]:+.1%})", end="")
    print()

# %% [markdown]
# **Explain.** Read the last bracket of each signal: it is what the chip loses without a decoder, without $\sigma$ and
# without a logarithm. Where it is a few per cent or less, the decoder would be a waste of logic: the divergence in the
# loss has already pulled the ordinary crossings to $\mu=0$. This needs a strong pull ($\beta=0.5$ here). With a weak
# one each event has a place of its own, and the distance from zero says nothing.
#
# But is the network worth its place? A score must beat what anyone can count: the number of leptons and the sum of pT.
# There is a stronger rival. *Rarity* asks how rarely background has a muon, an electron, a jet, missing momentum of
# this size, and takes the rarest. It is a menu with equal rates. The ceiling is trees that were trained on the signal.
#
# **Predict.** Order these five for 30 kHz: lepton count, sum of pT, rarity, network, trained trees.

# %%
rarity = baselines.Rarity.of_background(ordinary)
scores = {f"network: {n}": s for n, s in trigger.scores(events)._asdict().items()}
scores |= baselines.floors(events) | {"rarity": rarity.score(events)}
table = {name: efficiencies_at(score, BUDGET) for name, score in scores.items()}
ceiling = []
for place, name in enumerate(signals):
    trees = baselines.supervised_trees(training, name)
    ceiling.append(efficiencies_at(trees.score(events), BUDGET)[place])
table["trees that know the signal"] = ceiling
table = pd.DataFrame(table, index=signals).T
table["geometric mean"] = np.exp(np.log(table[[*signals]].clip(lower=1e-6)).mean(axis=1))
table.style.format("{:.1%}")

# %%
fig, ax = plt.subplots(figsize=(9, 5.5))
shown = ["lepton count", "sum pT", "network: squared_means", "rarity"]
shown += ["trees that know the signal"]
height = 0.8 / len(shown)
for number, name in enumerate(shown):
    style = plotting.class_style(name)
    place = np.arange(len(signals)) - 0.4 + height * (number + 0.5)
    ax.barh(place, table.loc[name, [*signals]], height, color=style["color"], label=name)
ax.set(xlabel=f"efficiency at {BUDGET / 1000:g} kHz", xlim=(0, 1), yticks=range(len(signals)))
ax.set_yticklabels(signals)
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()

# %%
print("squared means of each training, and by how much their mean exceeds rarity")
for place, name in enumerate(signals):
    values = np.array(at_budget)[:, place]
    more = values.mean() - table.loc["rarity", name]
    each = ", ".join(f"{value:.1%}" for value in values)
    print(f"{name:>15}: {each}; {100 * more:+.1f} %", end="")
    if len(values) == 1:
        print(": one training, so no error")
        continue
    error = values.std(ddof=1) / np.sqrt(len(values))
    verdict = "" if abs(more) > 2 * error else ": cannot be told apart"
    print(f" ± {100 * error:.1f} %{verdict}")

# %% [markdown]
# **Explain.** The trees know what to look for, and in their training each background event counted by its rate. Trained
# against the mixture, they learn to beat the sample and not the beam, and then even they lose to *rarity*: try it. Of
# the others, look at each signal by itself. A
# score that follows the activity keeps leptoquarks and loses the soft $h^\pm\to\tau\nu$, which looks *less* strange
# than a crossing with two jets. Table and figure show one training; the lines below them have all. Where
# *rarity* beats the network by more than twice the error, the network spends its memory on correlations
# that this signal does not break. This is a result, and a common one: **print the simple rivals.**
# In an experiment the network runs *beside* the menu. What counts is the events that it alone keeps.

# %%
chip_like = scores["network: squared_means"]
cut = rates.threshold_for_rate(chip_like[is_background], weight, BUDGET / 10)
all_columns = trigger_quantities.quantities(events)
by_menu = menus.kept(filled, all_columns)
by_network = chip_like >= cut
extra = rate(weight, (by_network & ~by_menu)[is_background])
print(f"the network at {BUDGET / 10:,.0f} Hz adds {extra:,.0f} Hz to the menu; of the signals:")
for place, name in enumerate(signals):
    of_signal = events.label == 1 + place
    gain = np.mean((by_network & ~by_menu)[of_signal])
    print(f"{name:>15}: menu {np.mean(by_menu[of_signal]):6.1%}, network adds {gain:6.2%}")

# %% [markdown]
# ## 5 · Fixed point
#
# A chip computes with whole numbers. In `ap_fixed<10,4>`, a number has 10 bits, 4 of them before the point (the first
# one is the sign). By default the bits below the last one are cut off, and the bits above the first one are *dropped*.
#
# **Predict.** What does 8.99 become in `ap_fixed<10,4>`?
#
# ### Exercise 7.4: cut and wrap


# %%
def as_fixed(x, width, integer):
    """Numbers x (N,) in ap_fixed<width, integer>, cut downwards and wrapped."""
    # BEGIN SOLUTION
    step = 2.0 ** (integer - width)
    code = np.floor(x / step)
    half = 2.0 ** (width - 1)
    return ((code + half) % 2**width - half) * step
    # END SOLUTION


# %% [markdown] tags=["hint"]
# How large is a step, if `width - integer` bits stand after the point? The code is the whole number of steps.

# %% [markdown] tags=["hint"]
# Codes run from $-2^{\mathrm{width}-1}$ to $2^{\mathrm{width}-1}-1$. One step above the highest is the lowest: `%`.

# %%
as_fixed = check("7.4", as_fixed)
print("8.99 in ap_fixed<10,4>:", as_fixed(np.array([8.99]), 10, 4)[0])
x = np.linspace(-12, 12, 2000)
fig, ax = plt.subplots()
ax.plot(x, as_fixed(x, 6, 4), ".", ms=3, label="cut and wrap (default)")
ax.plot(x, fixed_point.quantise(x, 6, 4, True, "RND_CONV", "SAT"), label="round and saturate")
ax.set(xlabel="number", ylabel="in ap_fixed<6,4>")
ax.legend()
plt.show()

# %% [markdown]
# **Explain.** The largest number of this type lies one step below 8. What exceeds it starts again at −8: 8.99 comes
# out negative, *and nobody is told*. Saturation costs a comparison, and it keeps large numbers large. In a network
# the numbers that grow are the sums.
#
# ### Exercise 7.5: find the sum that overflows
#
# Somebody saved a few bits in the accumulator of one layer. The network still runs. Write the share of sums that do
# not fit into `width` bits, sign included.


# %%
def overflow_share(sums, width):
    """The share of whole numbers (N, n) beyond `width` bits of two's complement."""
    # BEGIN SOLUTION
    low = -(2 ** (width - 1))
    high = 2 ** (width - 1) - 1
    return np.mean((sums < low) | (sums > high))
    # END SOLUTION


# %% [markdown] tags=["hint"]
# With 3 bits there are the eight numbers −4, −3, … 3.

# %%
overflow_share = check("7.5", overflow_share)
inputs = trigger.scaling(ordinary)
fitted = fitting_types.fitted_layers(*trigger.network.encoder.weights(), inputs)
rounded = fitted.whole()
some = rounded.input_type.codes(trigger.scaling(events[: sizes.compared]))
needed = ranges.profile(rounded, some)[1].needed
saved = ranges.narrowed(rounded, 1, needed - 4)
codes = some
for number, layer in enumerate(saved.layers):
    share = overflow_share(layer.sums(codes), layer.accumulator.width)
    print(f"layer {number}, {layer.accumulator.width} bits: {share:.4%} of the sums overflow")
    codes = layer(codes)
changed = np.mean((saved.codes(some) != rounded.codes(some)).any(axis=1))
print(f"{changed:.1%} of the events have another result than with enough bits")

# %% [markdown]
# **Explain.** One layer is guilty, the sums of the others fit. `ranges.profile` prints what each layer needs for given
# events, and warns. But a trigger sees events that no sample had: firmware keeps some bits in reserve, or proves the
# bound from the weights (`largest_sum`).
#
# ## 6 · Train with the numbers of the chip
#
# The published firmware of AXOL1TL [2] has inputs of 8 bits, weights of 6, activations of 10. Rounding the trained
# weights to 6 bits is *post-training quantisation*. The alternative: go on training with rounded numbers. Forward, all is
# rounded; backward, the rounding counts as the identity. Here the task is to give the means of the float network.
#
# **Predict.** Which of the two loses more?

# %%
chip = train_for_chip(trigger, ordinary, epochs=sizes.chip_epochs, seed=SEED)


def score_of_rounded(some):
    codes = rounded.input_type.codes(trigger.scaling(some))
    return squared_score(rounded.codes(codes))


compared = {
    "float": chip_like,
    "rounded afterwards": in_pieces(score_of_rounded, events),
    "trained in 6 bits": chip.score(events),
}
bits = {name: efficiencies_at(score, BUDGET) for name, score in compared.items()}
bits = pd.DataFrame(bits, index=signals).T
bits.style.format("{:.1%}")

# %% [markdown]
# **Explain.** The weights were multiplied by powers of two before, so that they use their bits (a ReLU does not mind:
# see `fitting_types`). Compare the second and the third line with the first: six bits are few. This is one training; the
# stored results below have three, and the spread between them is large. The third line is computed
# in whole numbers, by these few lines of the library:
#
# ```python
# sums = (codes @ weight) * 2.0**shift + bias
# total = np.maximum(accumulator.fitted(sums), 0)
# codes = output_type.fitted(output_type.rounded(total * 2.0**-finer))
# ```
#
# ### What a weight costs
#
# A product of a number of $b$ bits and a constant of $w$ bits takes about $b\,w$ operations on single bits. Only the
# bits of the weight from its first to its last 1 count: 12 is 1100 in binary and has two, because a shift is only a
# wire. Zeros are free, and a sign costs next to nothing. The sum over all weights is called *EBOPs* [5].
#
# ### Exercise 7.7: bit operations of a layer
#
# `weights` (n_in, n_out) are whole numbers, each input has `input_bits` bits.


# %%
def bit_operations(weights, input_bits):
    """EBOPs of a layer: for each weight its bits from the first to the last 1, times input_bits."""
    # BEGIN SOLUTION
    size = np.abs(weights).astype(int)
    last_one = np.maximum(size & -size, 1)
    odd = size // last_one
    return input_bits * sum(int(one).bit_length() for one in odd.ravel())
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Python knows the length of a number in binary: `(12).bit_length()` is 4. How do you get rid of the zeros at its end?

# %% [markdown] tags=["hint"]
# Divide each number by 2 as long as it is even and not zero. Or at once: `n & -n` is the last 1 of `n` alone.

# %%
bit_operations = check("7.7", bit_operations)
for number, layer in enumerate(chip.network.layers):
    width = layer.input_type.width
    print(f"layer {number}: {bit_operations(layer.weight, width):,} bit operations, ", end="")
    print(f"{layer.weight.size * 6 * width:,} if each weight needed its six bits")

# %% [markdown]
# ### Fewer bits, fewer weights
#
# There are four ways to save: fewer bits for all weights, rounded afterwards or in training; zero for the smallest
# ones (*pruning*); or *a number of bits for each weight*, learned together with the weight against a price for each bit
# operation (HGQ [5]). In the forward direction a weight with $f$ bits after the point is rounded to
# $2^{-f}$. Backward, the error of this rounding is taken to fall as $2^{-f}$, and so $f$ has a slope as well.
#
# Activations keep 10 bits here, as in the firmware; the weights get fewer.
#
# **Predict.** Which of them needs the least logic at the same AUC, and by which factor against eight bits for all?

# %%
from hepml_lite.trigger.compression import Bits, cost, fitting, tasks

started = time.perf_counter()
task = tasks.imitate_means(trigger, ordinary)
smaller = {
    "8 bits, rounded": fitting.rounded_afterwards(task, Bits(8, 10)).whole(),
    "4 bits, rounded": fitting.rounded_afterwards(task, Bits(4, 10)).whole(),
}
settings = {"epochs": sizes.own_bits_epochs, "seed": SEED}
smaller["4 bits, trained"] = fitting.trained_with_bits(task, Bits(4, 10), **settings).whole()
for network in fitting.with_own_bits(task, most=Bits(8, 10), prices=(0.1, 0.3), **settings):
    smaller["bits of their own"] = network.whole()  # of the last price
print(f"{time.perf_counter() - started:.0f} s; the weights of the first node, in whole numbers:")
print(smaller["bits of their own"].layers[0].weight[:, 0].astype(int))


# %%
def means_of(network):
    return lambda some: (network(trigger.scaling(some)) ** 2).sum(axis=1)


of_float = np.mean([weighted_auc(chip_like, place) for place in range(len(signals))])
live = {}
for name, network in smaller.items():
    score = in_pieces(means_of(network), events)
    area = np.mean([weighted_auc(score, place) for place in range(len(signals))])
    live[name] = {
        "loss of AUC [%]": 100 * (of_float - area) / of_float,
        "EBOPs": cost.ebops(network),
        "additions": cost.additions(network),
        "zero weights [%]": 100 * cost.share_of_zeros(network),
    }
live = pd.DataFrame(live).T
live.style.format("{:,.0f}", subset=["EBOPs", "additions", "zero weights [%]"]).format(
    "{:.2f}", subset=["loss of AUC [%]"]
)

# %%
from hepml_lite.trigger.results import read_results

stored = read_results()  # written by benchmarks/trigger.py
fig, ax = plt.subplots()
for method in ("rounded", "trained", "pruned", "own bits"):
    points = [
        (stored.mean("anomaly", method, setting, "ebops").value,
         stored.mean("anomaly", method, setting, "loss"))
        for setting in stored.settings("anomaly", method)
    ]  # fmt: skip
    points.sort(key=lambda point: point[0])
    x = [operations for operations, _ in points]
    y = [100 * loss.value for _, loss in points]
    errors = np.array([loss.errors for _, loss in points]).T * 100
    ax.errorbar(x, y, errors, label=f"stored: {method}", **plotting.class_style(method))
ax.plot(live["EBOPs"], live["loss of AUC [%]"], "*", ms=14, color="k", label="yours, just now")
ax.axhline(1, color="0.6", ls=":")
ax.set(xscale="log", xlabel="bit operations (EBOPs)", ylabel="loss of AUC [%]", ylim=(-2, 12))
ax.xaxis.set_minor_formatter("")
ax.legend(fontsize="small")
plt.show()
shown = stored.table("anomaly")[["seeds", "loss", "ebops", "luts_da4ml", "levels", "zeros"]]
print("stored results, means over the seeds; luts_da4ml: look-up tables, estimated by da4ml")
shown.round({"loss": 4, "ebops": 0, "luts_da4ml": 0, "levels": 1, "zeros": 2})

# %%
print("loss of AUC [%] of the stored trainings: mean and error of the mean, and each of them")
for row in stored.rows:
    if row.part == "anomaly" and row.seed == 1 and row.method != "rounded":
        of_way = stored.mean("anomaly", row.method, row.setting, "loss")
        each = [one.numbers["loss"] for one in stored.rows if one.key[:3] == row.key[:3]]
        single = ", ".join(f"{100 * loss:5.1f}" for loss in each)
        error = 100 * (of_way.high - of_way.value)
        name = f"{row.method} {row.setting}"
        print(f"{name:>27}: {100 * of_way.value:5.1f} ± {error:3.1f}   ({single})")

# %% [markdown]
# **Explain.** Your stars come from one short training, the other points are *stored results* of three longer ones, with
# the error of their mean. Look at the three numbers in the brackets: trainings of the same kind differ by a per cent or
# more, so a star may lie off its curve, and two ways whose errors overlap cannot be told apart here. One thing is
# clear: trained with eight bits for weights *and* activations, the network loses more than one per cent each time. The
# activations are to blame: with ten bits for them each of the three loses less. Compare their mean with that of bits of
# their own for each weight at price 1, also with activations of ten bits, and both rows of the table: the loss cannot
# be told apart, the bit operations can. A price for bits prunes as well: a weight that
# loses its last bit is zero. What counts in the end is logic. Its look-up tables are in the table, and the dashboard of the
# exploration shows them, with the time, for a jet tagger as well.
#
# ## 7 · Logic
#
# Now the network becomes a circuit, twice. **hls4ml** [3] writes C++ for high-level synthesis; compiled here, it does bit
# by bit what the chip would do. Our own Verilog needs no other tool: a product with a constant is a few shifted
# copies, added or subtracted. Which of the open tools are on this machine?

# %%
from hepml_lite.trigger.firmware import hls, simulation, tools, verilog

print("\n".join(tools.report()))
del training, all_columns  # no longer needed; the compiler below needs the memory
network = chip.network
design = verilog.network_design(network, registers=True)
lines = design.text.splitlines()
print(f"\n{len(lines)} lines of Verilog, {design.bits_in} bits in, {design.bits_out} bits out")
weights = np.concatenate([layer.weight.ravel() for layer in network.layers])
adders = sum(len(verilog.signed_digits(int(code))) for code in weights)
print(f"{weights.size} weights, {np.mean(weights == 0):.0%} of them zero: {adders} additions")
print("the weight 7 is", " ".join(f"{s}2^{p}" for p, s in verilog.signed_digits(7)))

# %% [markdown]
# **Predict.** The same events go through PyTorch, the C++ and the simulated circuit. How many of the results differ in
# the last bit: none, one in a thousand, one in ten?

# %%
test_codes = chip.codes(events[: sizes.compared])
random_codes = np.random.default_rng(SEED).integers(-128, 128, test_codes.shape).astype(float)
expected = network.codes(test_codes)
report = []
with tempfile.TemporaryDirectory() as folder:
    for tool in ("hls4ml", "iverilog"):
        if not (tools.TOOLS[tool].is_here and tools.TOOLS["g++"].is_here):
            print(f"{tool} is missing: {tools.TOOLS[tool].install}")
            continue
        started = time.process_time()
        n = sizes.compared if tool == "hls4ml" else sizes.simulated
        given = np.concatenate([test_codes[:n], random_codes[:n]])
        if tool == "hls4ml":
            compiled = hls.compiled(network, Path(folder) / "hls")
            out = compiled(given * network.input_type.step) / network.output_type.step
        else:
            out = simulation.with_icarus(design, Path(folder) / "icarus")(given)
        equal = np.mean((out == network.codes(given)).all(axis=1))
        report.append((tool, len(given), equal))
for tool, n, equal in report:
    print(f"{tool:>9}: {n} events, half of them random bits: {equal:.2%} are equal in every bit")

# %% [markdown]
# **Explain.** Equal means equal: 100 % is the only acceptable number, also on random bits that no detector sends. Two
# programs in two languages, written by different people, agree with the trained network, so a mistake would have
# to be made three times. The circuit has a register after each layer: a new crossing enters at each tick of the clock, and its
# result comes out as many ticks later as there are layers.
#
# ## 8 · Break it
#
# All of this was trained and tuned with *one* collision in each crossing. In the afternoon the machine delivers more: twenty, forty
# collisions at once.
#
# **Predict.** From 10 to 40 collisions: by which factor does the rate of a muon item grow? And that of a
# cut on the sum of pT? And that of the anomaly trigger?

# %%
minimum_bias = load("minimum_bias", PROFILE)
CROSSINGS = weight.mean()  # Hz, of all crossings here
mu = (5, 10, 20, 40)
chip_cut = rates.threshold_for_rate(compared["trained in 6 bits"][is_background], weight, 100_000)
decisions = {
    "muon above 5 GeV": lambda e: trigger_quantities.quantities(e)["muons 1"] >= 5,
    "jet above 25 GeV": lambda e: trigger_quantities.quantities(e)["jets 1"] >= 25,
    "missing momentum above 30 GeV": lambda e: trigger_quantities.quantities(e)["met"] >= 30,
    "sum of pT above 60 GeV": lambda e: trigger_quantities.quantities(e)["sum pT"] >= 60,
    "network at 100 kHz": lambda e: chip.score(e) >= chip_cut,
}
fig, ax = plt.subplots()
scans = pile_up.scan(decisions, minimum_bias, mu, sizes.crossings, CROSSINGS, rng=SEED)
for name, scan in scans.items():
    values = np.array([one.value for one in scan.rates])
    errors = np.array([one.errors for one in scan.rates]).T
    ax.errorbar(mu, values, errors, label=name, **plotting.class_style(name))
    enough = (scan.kept >= 10).sum() >= 2
    print(f"{name:>30}: rate ~ mu^{scan.power if enough else '? (too few crossings kept)'}")
ax.set(xscale="log", yscale="log", xlabel="collisions in a crossing", ylabel="rate [Hz]")
ax.set_xticks(mu, [str(one) for one in mu])
ax.xaxis.set_minor_formatter("")
ax.legend(fontsize="x-small")
plt.show()

# %% [markdown]
# **Explain.** What one collision does alone grows with the first power of $\mu$. A power well above one marks what
# collisions do together: sums cross a fixed threshold, because each collision adds its part. A power below one says that
# many crossings pass already, so that the rate cannot grow as fast. Where is the network in your figure? Its rate grows as
# well, and it was never told about pile-up. An experiment trains at the pile-up of the day, monitors the
# rate, and moves thresholds during the fill. This is the *drift* that the exploration plays with.
#
# ## 9 · Your turn
#
# ### Exercise 7.6, an open challenge: 20 kHz for the unknown
#
# Write `train(background)`: it gets background events with weights, and returns a function that gives one score (N,) for
# `TriggerEvents`. The check scores hidden events, sets the threshold at 20 kHz, and takes the geometric mean of the
# efficiencies of the four signals, so none may be given up. Your function never sees a signal, and it sees
# one crossing at a time.
#
# - **bronze**: 0.32;
# - **silver**: 0.42;
# - **gold**: 0.54.


# %%
def train(background):
    """A function TriggerEvents → (N,) score, from background with weights [Hz]."""
    # BEGIN SOLUTION
    return baselines.Rarity.of_background(background).score
    # END SOLUTION


# %% [markdown] tags=["hint"]
# A sum of pT is ruled by the jets. On which scale is a muon of 10 GeV as rare as a jet of 50 GeV?

# %% [markdown] tags=["hint"]
# `rates.RateCurve.of_events(values, weight).rate(threshold)` gives the rate of background above each threshold.

# %%
train = check("7.6", train, practice=ordinary, hidden=events)

# %% [markdown]
# ## What the papers found
#
# The paper of the autoencoders at 40 MHz [1] quotes the true-positive rate at a false-positive rate of $10^{-5}$, *of a
# mixture* in which every event has a lepton above 23 GeV. Its numbers and ours must not be compared: most of our
# events have no lepton. What can be compared are the definitions. With our number of events, $10^{-4}$ of the mixture
# is the smallest share with ten background events.

# %%
from hepml_lite.trigger.rates.working_points import at_false_positive

published = {"LQ -> b tau": (0.07, 92), "A -> 4l": (5.23, 94), "h+- -> tau nu": (0.08, 94)}
published |= {"h0 -> tau tau": (0.11, 81)}  # DNN VAE, R_z: true positives in % at 1e-5, AUC in %
r_z = scores["network: r_z"]
share = 10 ** np.ceil(np.log10(10 / is_background.sum()))  # at least ten background events
for place, name in enumerate(signals):
    of_signal = events.label == 1 + place
    found = at_false_positive(r_z[is_background], r_z[of_signal], share)
    area = auc(events.label[is_background | of_signal] > 0, r_z[is_background | of_signal])
    print(f"{name:>14}: ours {found.true_positive.value:.2%} at a share of ", end="")
    print(f"{found.false_positive.value:.1e} [{found.false_positive.low:.1e}, ", end="")
    print(f"{found.false_positive.high:.1e}], AUC {area:.2f}; ", end="")
    print(f"paper {published[name][0]} % at 1e-5, AUC {published[name][1] / 100:.2f}")

# %% [markdown]
# The same paper reports 80 ns for the dense network with 8 bits, in less than 3 % of the logic of a large chip. What
# our toy is not: the detector is simple, there is no pile-up in the training, photons count as electrons, the signals
# are light, and nothing is calibrated. A real menu has hundreds of items, and its rates are measured with zero-bias data.
#
# ## Take-away
#
# - A rate is a weighted mean over *all* crossings; a share of a mixture is not.
# - The encoder alone can be an anomaly trigger, if the training pulls ordinary crossings to the origin.
# - Print the simple rivals beside every score.
# - Logic is paid by the bit. Train with few bits, and look at both axes, quality and cost, before you choose.
# - Fixed point fails silently. Profile the sums, and test bit by bit, also on random bits.
#
# <details><summary>Why do the pure rates of a menu add up to less than its total rate?</summary>
# Events that two items keep are in no pure rate, but once in the total.
# </details>
#
# <details><summary>Your anomaly score has a better AUC than the sum of pT. Does the trigger profit?</summary>
# Not necessarily. The AUC is an average over all thresholds, and a trigger works at one that keeps a thousandth of the
# crossings. Compare efficiencies at the rate that you have.
# </details>
#
# <details><summary>C++ and Verilog agree on a million events. May a bit still differ in the chip?</summary>
# Yes: if both have the same wrong idea of the inputs, or if the placed circuit does not meet the clock. That is why
# experiments send test patterns through the real board.
# </details>
#
# **References.** [1] E. Govorkova et al., [2108.03986](https://arxiv.org/abs/2108.03986). [2] CMS Collaboration, AXOL1TL,
# github.com/cms-hls4ml/AXOL1TL. [3] J. Duarte et al., [1804.06913](https://arxiv.org/abs/1804.06913). [4] C. Coelho et al.,
# [2006.10159](https://arxiv.org/abs/2006.10159) (training with few bits). [5] C. Sun et al.,
# [2405.00645](https://arxiv.org/abs/2405.00645) (bits of their own for each weight).
