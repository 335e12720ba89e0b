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
# stay within the budget, and four new particles that nobody told you about should not be lost.

# %% [markdown] tags=["objectives"]
# **After this notebook you can** fill a rate budget with overlapping items, say what an anomaly trigger adds to it, and
# keep a rate when the beam changes.
#
# **You need** the tutorial of this theme, or to know what a rate and a threshold are.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1

# %%
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from data_fetch import load
from hepml_lite import plotting, profiles
from hepml_lite.trigger import pile_up, rates
from hepml_lite.trigger.quantities import quantities
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
# ## A fill: the beam gets weaker
#
# During a fill the number of collisions in a crossing falls. A fixed threshold then keeps less and less, and the
# bandwidth is wasted; at the beginning it may keep too much. So the threshold follows the rate.
#
# **Predict.** Pile-up falls from 40 to 20. By which factor does the rate of "sum of pT" at a fixed threshold fall?

# %%
minimum_bias = load("minimum_bias", PROFILE)
crossing_rate = 28.6e6  # Hz
target = 0.002 * crossing_rate
hours = np.linspace(0, 12, 7)
collisions = 40 * np.exp(-hours / 17)
fixed, followed, cut = [], [], None
for mu in collisions:
    values = quantities(pile_up.crossings(minimum_bias, mu, sizes.crossings, SEED))["sum pT"]
    ones = np.full(len(values), crossing_rate)
    now = rates.threshold_for_rate(values, ones, target)
    cut = now if cut is None else cut
    fixed.append(crossing_rate * np.mean(values >= cut))
    followed.append(now)

# %%
fig, axes = plt.subplots(1, 2, figsize=(14, 5))
error = np.sqrt(np.array(fixed) * crossing_rate / sizes.crossings)
axes[0].errorbar(collisions, np.array(fixed) / 1e3, error / 1e3, fmt="o-")
axes[0].axhline(target / 1e3, color="0.6", ls=":")
axes[0].set(xlabel="collisions in a crossing", ylabel="rate at a fixed threshold [kHz]")
axes[1].plot(collisions, followed, "s-", color="#D55E00")
axes[1].set(xlabel="collisions in a crossing", ylabel="threshold that holds the rate [GeV]")
plt.show()
print(f"fixed threshold: from {fixed[0] / 1e3:.0f} to {fixed[-1] / 1e3:.0f} kHz")
print(f"threshold that holds the rate: from {followed[0]:.0f} to {followed[-1]:.0f} GeV")

# %% [markdown]
# **Explain.** The printed rates have the factor. A threshold that follows needs a rate to look at: at 2 ‰ of twenty
# thousand crossings it has forty events, so it is known to a few per cent only. This is why an alarm should wait for
# more than one point outside.
#
# ## Take-away
#
# - Move the item with the smallest pure rate for its gain.
# - A network is judged by what it adds at its rate, beside the menu.
# - A threshold without a rate monitor drifts.
