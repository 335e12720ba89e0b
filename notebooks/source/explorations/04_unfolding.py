# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Explore: undo the detector
#
# ![A true spectrum, blurred by the detector, and the way back](../../docs/images/unfolding.svg)
#
# The hardest jet beside a Z boson, before and after a detector: six observables, three natures, four methods
# that unfold in bins. You choose, and you see what each choice costs: in bias, in noise, or in both.

# %% [markdown] tags=["objectives"]
# **After this notebook you can** choose how strongly to regularise an unfolding, say what its errors do not
# contain, and name the two reasons for a bias: the prior, and a response that is not the simulated one.
#
# **You need** the tutorial of this theme, or to know what a response matrix is.

# %% tags=["parameters"]
PROFILE = "lesson"
SEED = 1

# %%
import dataclasses
import re

import numpy as np
import pandas as pd

from data_fetch import load
from hepml_lite import profiles, unfolding
from hepml_lite.checks import check
from hepml_lite.checks.unfolding_exploration import problems, score
from hepml_lite.unfolding import reports
from widgets import show
from widgets.shared.linked import LinkedViews
from widgets.unfolding import Unfolding

sizes = profiles.sizes("04_unfolding", PROFILE)
print(sizes)

# %%
show("unfolding")

# %% [markdown]
# ## Questions to answer with the dashboard
#
# Write down your answer before you look at the folded one. The cells below them print the numbers.
#
# 1. Tick *nature's response is the simulated one* and move the step from 1 to 12, for the multiplicity and
#    iterative Bayes. Which curve falls, which one rises? Where would you stop, and what would you need to
#    know for that?
# 2. Choose *inversion*, with the box still ticked. The errors explode, but they are honest: look at pull².
#    What happens between neighbouring bins? Now take the width, with the same method. Why does it work there?
# 3. Take the mass, with the box ticked, and raise the smearing. How many iterations do you need now? With
#    few iterations, which spectrum does the result resemble?
# 4. Choose *nature_a14*, and compare the rows *simulation* and *doing nothing*. Which one is nearer to the
#    truth? Which observables can tell this nature from the simulation, with 30 000 events and with 1000?
# 5. Take *nature* and the mass again, with the box ticked and not. Without the tick, the result gets *worse*
#    after the second iteration. More data do not help. Why?
# 6. Compare SVD, Tikhonov and Bayes for the width, with smearing 0.3 and step 8. Look at the pulls of the
#    first bins. What do the methods agree on, and is that a proof?


# %%
def line(**state):
    """The live line of the dashboard in this state, without its markup."""
    text = Unfolding(**state).compute()["line"]
    return re.sub("<.*?>", "", text).replace("&gt;", ">").replace("&lt;", "<")


for step in (1, 3, 12):
    print("1:", line(step=step, same=True))
for observable in ("multiplicity", "width"):
    print("2:", line(method="inversion", observable=observable, same=True))
for smearing in (0.0, 0.5, 1.0):
    print("3:", line(observable="mass", smearing=smearing, step=2, same=True))

# %%
for events in (30_000, 1000):
    print("4:", line(nature="nature_a14", events=events))
for same in (True, False):
    for step in (2, 12):
        print(f"5, ticked {same}:", line(observable="mass", step=step, same=same))
for method in ("SVD", "Tikhonov", "iterative Bayes"):
    dashboard = Unfolding(observable="width", smearing=0.3, method=method, step=8)
    pulls = dashboard.compute()["unfolded"]["pull"]  # the figure ends at ± 5
    print(f"6: {method:>15}, pulls of the first bins:", np.round(pulls[:5], 1))

# %% [markdown]
# <details><summary>Answers</summary>
#
# 1. Bias² falls, variance rises. The best place is near the minimum of their sum, but the bias is only
#    known because we know the truth. In an analysis it is estimated with other simulations, or the result is
#    made with weak regularisation on purpose, so that its errors cover the truth.
# 2. Neighbouring bins are strongly anticorrelated: the sum of two bins is known well, their difference is
#    not. With this detector most jets stay in their bin of the width, so there is little to undo.
# 3. More smearing needs more iterations, for the same bias. After two iterations the result is still near
#    the simulation. This is the prior dependence: where the data cannot tell, the prior decides.
# 4. The simulation is nearer to the truth than the data as they are. So a test of closure on such a nature
#    is easily passed: a method that ignores the data passes it, too. With 30 000 events, τ₂₁ and
#    z<sub>g</sub> cannot tell; with 1000 events nothing can.
# 5. More iterations follow the data more closely, but with a response that does not belong to this nature.
#    The bias of the prior falls, the bias of the wrong response grows. The next section shows its origin.
# 6. All three are far too low in the first bin and too high in the second: nature has a steep edge there, and
#    all three prefer what is smooth or what the simulation has. Their pulls are strongly correlated, because
#    they see the same data through the same response. Agreement between methods is no proof.
#
# </details>
#
# ## Why is the response not the same?
#
# Simulation and nature have the *same detector*. Select jets in one of the four views below, with the box or
# the lasso, and see the same jets in all others.
#
# **Predict.** Which jets lose the most mass in the detector: those with few or with many particles? Select
# the jets with a measured mass below 0.6 of the true one, and look at their particles.

# %%
simulation = load("zjets_unfolding", PROFILE).of_class("simulation")
jets = simulation.matched
true = dict(zip(jets.quantities, jets.truth.T, strict=True))
measured = dict(zip(jets.quantities, jets.measured.T, strict=True))
heavy = true["mass"] > 5
table = pd.DataFrame(
    {
        "true mass [GeV]": true["mass"],
        "measured / true mass": measured["mass"] / np.maximum(true["mass"], 5),
        "true particles": true["multiplicity"],
        "measured particles": measured["multiplicity"],
        "true width": true["width"],
    }
)[heavy]
shown = table[: sizes.shown_jets]

# %%
ratio = "measured / true mass"
pairs = [("true mass [GeV]", ratio), ("true particles", ratio)]
pairs += [("true particles", "measured particles"), ("true width", ratio)]
views = LinkedViews(shown, pairs)
views

# %%
window = table[table["true mass [GeV]"].between(20, 25)]
for low, high in ((0, 20), (20, 30), (30, 200)):
    some = window[window["true particles"].between(low, high, inclusive="left")]
    mean, spread = some[ratio].mean(), some[ratio].std()
    error = spread / np.sqrt(len(some))
    print(f"20 to 25 GeV, {low:>2} to {high:>3} particles: {mean:.3f} ± {error:.3f} of the mass")

# %% [markdown]
# **Explain.** At the same true mass, jets with few particles lose more of it. The response of the *mass*
# therefore depends on the *multiplicity*, which is not in the histogram. Nature has jets with fewer
# particles than the simulation, so its response is another one, with the same detector. A method that
# unfolds one observable cannot know this. OmniFold on several observables at once can: that is the reason
# for the methods without bins in the tutorial.
#
# ## An open challenge: close the gap, with honest errors
#
# **Exercise 4.8.** Write a method that unfolds *any* of these spectra: counts without fakes in `measured`
# (20,), `response[i, j]` = P(measured in bin i | true in bin j), and `prior`, the truth of the simulation,
# scaled to the number of events. Return the unfolded spectrum and its errors.
#
# You may try it on the first half of *nature*, whose truth you have. The check judges with the other half
# and with another nature: four observables each, where there is a gap. **Bronze**: nine tenths of the gap
# closed. **Silver**: 96 %. **Gold**: silver, and a mean squared pull between 0.5 and 2, so that the errors
# contain the bias, too.

# %%
everything = load("zjets_unfolding", PROFILE)
nature = everything.of_class("nature")
half = len(nature) // 2
practice = problems(simulation, nature[:half], rng=SEED)
for problem in practice:
    print(f"{problem.quantity:>12}: gap {problem.gap / problem.floor:.0f} floors")


# %%
def unfold(measured, response, prior):
    """The unfolded spectrum (20,) and its errors (20,)."""
    # BEGIN SOLUTION
    result = unfolding.iterative_bayes(measured, response, prior, 2)
    last_step = result.history[2] - result.history[1]
    return result.unfolded, np.sqrt(result.errors**2 + last_step**2)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Start with `unfolding.iterative_bayes(measured, response, prior, n)`. Which `n` closes most of the gap of
# the practice problems? `score(unfold, practice)` tells.

# %% [markdown] tags=["hint"]
# The errors of the result contain the statistics of the data only. How far does the last iteration still
# move the spectrum? This is a size for the bias; add it in quadrature.

# %%
unfold = check(
    "4.8",
    unfold,
    simulation=simulation,
    nature=nature[half:],
    subtle=everything.of_class("nature_a14"),
)
print("practice:", score(unfold, practice))


# %%
def bayes(n_iterations):
    """The method with a fixed number of iterations and the errors of the data alone."""

    def method(measured, response, prior):
        result = unfolding.iterative_bayes(measured, response, prior, n_iterations)
        return result.unfolded, result.errors

    return method


for n_iterations in (1, 2, 4, 8, 16):
    print(f"{n_iterations:>2} iterations:", score(bayes(n_iterations), practice))

# %% [markdown]
# **Explain.** One iteration leans on the simulation. Many iterations trust a response that is not nature's.
# In none of the rows is the mean squared pull near 1: the errors of the data alone do not contain the bias.
#
# ## Break it: a wrong detector
#
# Now the detector itself is not the one in the simulation: nature's measured masses are 5 % too low or too
# high. **Predict.** Will the unfolded spectrum fit the measured one, if you fold it again?


# %%
def miscalibrated(pair, factor):
    """The same events with all measured masses times a factor."""
    column = pair.quantities.index("mass")
    scaled = pair.measured.copy()
    scaled[:, column] *= factor
    return dataclasses.replace(pair, measured=scaled)


for factor in (0.95, 1.0, 1.05):
    wrong = miscalibrated(nature[:half], factor)
    (mass,) = (p for p in problems(simulation, wrong, rng=SEED) if p.quantity == "mass")
    result = unfolding.iterative_bayes(mass.measured, mass.response, mass.prior, 16)
    refolded = mass.response @ result.unfolded
    fit = reports.chi_squared(refolded, mass.measured, np.diag(mass.measured))
    print(
        f"masses × {factor}: gap closed {mass.closed(result.unfolded):.2f}; "
        f"folded again, χ² = {fit.value:.1f} in {fit.n_degrees} bins"
    )

# %% [markdown]
# **Explain.** Compare the last column with the first. The result that is folded again fits the data in all
# cases, because each spectrum has a true spectrum that explains it, also through the wrong detector. So a
# good fit is no sign of a right detector. The calibration has to come from elsewhere: from Z bosons and from
# test beams, with an uncertainty that is unfolded, too.
#
# **References.** G. D'Agostini, *A multidimensional unfolding method based on Bayes' theorem*, NIM A 362
# (1995) 487. A. Höcker, V. Kartvelishvili, *SVD approach to data unfolding*, hep-ph/9509307. S. Schmitt,
# *TUnfold*, arXiv:1205.6201. A. Andreassen et al., *OmniFold*, arXiv:1911.09107.
