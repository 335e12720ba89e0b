# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Unfolding: undoing the detector, honestly
#
# ![A true spectrum, blurred by the detector, and the way back](../../docs/images/unfolding.svg)
#
# A detector blurs every quantity, misses some events and invents others. Theorists want the spectrum
# *before* all this. You will undo the detector in bins, see why the obvious way fails, derive a method that
# works, and then remove the bins. At each step you compare with an answer that is known.

# %% [markdown] tags=["objectives"]
# **After this notebook you can**
#
# - undo a detector in bins and without bins, and say what each method assumes;
# - explain why inverting the response explodes, and what regularisation costs;
# - write OmniFold in ten lines and test it against an exact answer;
# - say how you would notice that an unfolded result is wrong.
#
# **You need** NumPy, and the idea of a classifier from *Start here*.

# %% tags=["parameters"]
PROFILE = "lesson"  # smoke: a quick test; lesson: a class; paper: a large sample
SEED = 1
SOURCE = None  # "public": Pythia and Herwig of the OmniFold paper, from the network

# %%
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from data_fetch import load
from hepml_lite import plotting, profiles, unfolding
from hepml_lite.checks import check
from hepml_lite.course.try_it import try_it
from hepml_lite.exact.gaussian_recursion import GaussianUnfolding

plotting.use_style()
sizes = profiles.sizes("04_unfolding", PROFILE)
print(sizes)

# %% [markdown]
# ## 1 · What a detector does to a histogram
#
# We look at the hardest jet beside a Z boson, and at its mass. How does the detector move events from one
# bin of the histogram to another?
#
# **Predict.** Of the jets in one bin of the true mass, 5 GeV wide: how many are measured in the same bin?

# %%
events = load("zjets_unfolding", PROFILE, source=SOURCE)
simulation = events.of_class("simulation")[: sizes.jets]
nature = events.of_class("nature")[: sizes.nature_jets]
mass_edges = np.arange(0, 61, 5.0)
mass = unfolding.response_of_events(simulation, "mass", mass_edges)
missed = mass.truth.sum() - mass.counts.sum()
print(f"{mass.truth.sum():.0f} jets have a true mass in the range of the histogram")
print(f"missed: {missed:.0f} of them; fakes: {mass.fakes.sum():.0f} of those measured")

# %% [markdown]
# A *miss* has a true value in the histogram and no measured one; a *fake* has only a measured one. Here jets
# outside the range of the histogram count as such, too.
#
# ### Exercise 4.1: the response
#
# The entry $R_{ij}$ is the probability that an event of the true bin $j$ is *measured* in bin $i$. You have
# `counts[i, j]`, the simulated events measured in $i$ and true in $j$, and `truth[j]`, all simulated events
# of the true bin $j$, missed ones included.


# %%
def response(counts, truth):
    """P(measured in bin i | true in bin j): counts (M, T), truth (T,) → (M, T)."""
    # BEGIN SOLUTION
    return counts / truth
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Each *column* belongs to one true bin. What must its sum be, if nothing is missed?

# %% [markdown] tags=["hint"]
# NumPy divides the last axis by an array of the same length: here these are the columns.

# %%
response = check("4.1", response)
mass_response = response(mass.counts, mass.truth)
fig, ax = plt.subplots(figsize=(7.5, 6))
image = ax.pcolormesh(mass_edges, mass_edges, mass_response, cmap="cividis")
ax.set(xlabel="true mass [GeV]", ylabel="measured mass [GeV]", title="response")
fig.colorbar(image, label="probability")
plt.show()
stay = np.diag(mass_response)
print("share that stays in its bin, from light to heavy:", np.round(stay, 2))
print("efficiency (sum of each column):                 ", np.round(mass_response.sum(axis=0), 2))

# %% [markdown]
# **Explain.** Compare the first printed row with your prediction: it answers it bin by bin. What does not
# stay moves mostly to the neighbours. If simulation and nature share the detector, they share this matrix,
# even where their spectra differ. This is *the* assumption of everything below: the detector is simulated
# correctly, and the response depends only on what is in the histogram.
#
# ## 2 · Inversion explodes
#
# The expected measurement is $m = R\,t$. Why not solve this for $t$?
#
# To judge methods we need a known answer. So the true quantity is now a Gaussian, and the detector adds
# Gaussian noise, wider than a bin. The measured histogram is one that nature could have given.
#
# **Predict.** With twenty thousand events, how large are the errors of the inverted histogram compared with
# those of the measured one: the same, ten times, a thousand times?

# %%
model = GaussianUnfolding()  # prior N(0, 1), truth N(0.5, 0.8²), noise of width 0.71
edges = np.linspace(-3, 3, 16)
n_exact = 400_000  # simulated events: the error of the response is small
true_sim, measured_sim = model.simulation(n_exact, rng=SEED)
joint = np.histogram2d(measured_sim, true_sim, [edges, edges])[0]
prior = np.histogram(true_sim, edges)[0] * sizes.events / n_exact
gauss_response = response(joint, np.histogram(true_sim, edges)[0])
fine_truth = np.histogram(model.nature(n_exact, rng=SEED + 1)[0], edges)[0]
truth = fine_truth * sizes.events / n_exact
expected = gauss_response @ truth
rng = np.random.default_rng(SEED)
measured = rng.poisson(expected)

# %%
inverted = unfolding.invert(measured, gauss_response)
centres = (edges[:-1] + edges[1:]) / 2
fig, axes = plt.subplots(1, 2, figsize=(14, 5))
axes[0].stairs(truth, edges, color="black", label="truth")
axes[0].stairs(measured, edges, color=plotting.COLOURS["sky"], ls="--", label="measured")
axes[0].errorbar(
    centres, inverted.unfolded, inverted.errors, fmt="o", label="inverted", color="#D55E00"
)
axes[0].set(xlabel="quantity", ylabel="events / bin")
axes[0].legend()
values = np.linalg.svd(gauss_response, compute_uv=False)
axes[1].semilogy(np.arange(1, len(values) + 1), values, "o-")
axes[1].set(xlabel="number of the singular value", ylabel="singular value of the response")
plt.show()
worse = np.median(inverted.errors / np.sqrt(np.maximum(measured, 1)))
print(f"median error: {worse:.0f} times that of the measured bin")
print(f"largest over smallest singular value: {values[0] / values[-1]:.0f}")

# %% [markdown]
# **Explain.** Write $R$ as a sum of singular vectors. Each pattern of bins that goes in comes out multiplied
# by its singular value. Smooth patterns pass; patterns that oscillate from bin to bin are nearly wiped out.
# The inversion divides by the same numbers, so it multiplies the *noise* in these patterns by the inverse of
# the smallest values. The result is unbiased and useless: neighbouring bins swing in opposite directions.
#
# The information about fine structure is not in the data. Whoever wants a smooth answer must add something:
# wider bins, or a preference for some spectra. This preference is called *regularisation*, and its price is
# a bias.
#
# ## 3 · Bayes' theorem, again and again
#
# What do we know about one event that was measured in bin $i$? Bayes' theorem with the prior $p_j$ gives
#
# $$P(j\,|\,i) = \frac{R_{ij}\,p_j}{\sum_k R_{ik}\,p_k}.$$
#
# Share out each of the $m_i$ events like this, add up, and divide by the efficiency
# $\varepsilon_j=\sum_i R_{ij}$ for the missed ones. The result knows the data better than the prior did. So
# use it as the next prior. That is iterative Bayesian unfolding [1].
#
# ### Exercise 4.2: one iteration


# %%
def bayes_step(measured, response, prior):
    """The next spectrum (T,): measured (M,), response (M, T), prior (T,) in events."""
    # BEGIN SOLUTION
    posterior = response * prior / (response @ prior)[:, None]  # (M, T), rows sum to one
    return measured @ posterior / response.sum(axis=0)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# `response @ prior` is what the prior expects in each measured bin, (M,).

# %% [markdown] tags=["hint"]
# $t_j = \frac{p_j}{\varepsilon_j}\sum_i R_{ij}\,\frac{m_i}{(Rp)_i}$

# %% [markdown]
# **Predict.** Is it better to iterate more often?

# %%
bayes_step = check("4.2", bayes_step)


def unfolded_after(measured, n_iterations):
    """The spectrum after n iterations that begin with the simulated one."""
    spectrum = prior
    for _ in range(n_iterations):
        spectrum = bayes_step(measured, gauss_response, spectrum)
    return spectrum


# %%
numbers = np.array([0, 1, 2, 3, 4, 6, 8, 12, 20, 40, 100])
experiments = rng.poisson(expected, size=(sizes.experiments, len(expected)))
spectra = np.array([[unfolded_after(m, n) for m in experiments] for n in numbers])
bias = np.sqrt(np.mean((spectra.mean(axis=1) - truth) ** 2, axis=1))
spread = np.sqrt(np.mean(spectra.var(axis=1, ddof=1), axis=1))
total = np.hypot(bias, spread)
fig, ax = plt.subplots()
for name, curve in (("bias", bias), ("statistical error", spread), ("both", total)):
    ax.plot(numbers + 1, curve, label=name, marker="o")
ax.set(xscale="log", yscale="log", ylim=(5, None))
ax.set(xlabel="iterations + 1", ylabel="events / bin (r.m.s.)")
ax.legend()
plt.show()
for n, b, s in zip(numbers, bias, spread, strict=True):
    print(f"{n:>3} iterations: bias {b:6.1f}, statistical error {s:6.1f} events a bin")
print(f"smallest sum: {numbers[np.argmin(total)]} iterations")

# %% [markdown]
# **Explain.** No iteration gives the simulation: no statistical error, all the bias. Each iteration trades
# bias for statistical error, and without end it would arrive at the inversion (with bins that cannot be
# negative). So the *number of iterations is the regularisation*. The best number in this figure needs the
# truth, which an experiment does not have. It tests on simulations that are reweighted to look like the
# data.

# %% [markdown]
# **Try it.** Move the number of iterations. When do the bins begin to oscillate?


# %%
def after_iterations(iterations):
    """The unfolded spectrum beside truth and simulation."""
    result = unfolding.iterative_bayes(measured, gauss_response, prior, iterations)
    fig, ax = plt.subplots()
    ax.stairs(truth, edges, color="black", label="truth")
    ax.stairs(prior, edges, color=plotting.COLOURS["sky"], ls="--", label="simulation")
    ax.errorbar(centres, result.unfolded, result.errors, fmt="o", label="unfolded", color="#D55E00")
    ax.set(xlabel="quantity", ylabel="events / bin", title=f"{iterations} iterations")
    ax.legend()
    return fig


slider = ipywidgets.IntSlider(4, 0, 60, description="iterations", continuous_update=False)
try_it(after_iterations, iterations=slider)

# %% [markdown]
# Other methods damp the small singular values directly: SVD keeps about $k$ of them [2], and Tikhonov's method
# adds a penalty on curvature to $\chi^2$. Their strength plays the role of the number of iterations.

# %%
data = measured.astype(float)
simulated_truth = np.histogram(true_sim, edges)[0]
chosen = {
    "inversion": inverted,
    "iterative Bayes, 4 iterations": unfolding.iterative_bayes(data, gauss_response, prior, 4),
    "SVD, k = 5": unfolding.svd(data, None, joint, simulated_truth, 5),
    "Tikhonov, strength 10": unfolding.tikhonov(data, gauss_response, prior, 10.0),
}
for name, result in chosen.items():
    off = np.sqrt(np.mean((result.unfolded - truth) ** 2))
    claimed = np.sqrt(np.mean(result.errors**2))
    print(f"{name:>30}: off by {off:7.1f}, claimed error {claimed:7.1f} events a bin (r.m.s.)")

# %% [markdown]
# How strong should it be, if nobody knows the truth? Four rules look at the data only.
#
# - *d vector* [2]: in units of its noise, each component of the data; keep those before noise takes over.
# - *L-curve*: a good fit against a smooth result; take the corner, where the curve bends most.
# - *Global correlation*: how well all other bins predict a bin; take the smallest mean.
# - *Cross-validation*: unfold four fifths of the events, fold again, and predict the last fifth.
#
# **Predict.** Will the four rules agree? And which of them knows the bias?

# %%
from hepml_lite.unfolding import strength


def by_svd(spectrum, k):
    return unfolding.svd(spectrum, None, joint, simulated_truth, int(k))


def by_tikhonov(spectrum, tau):
    return unfolding.tikhonov(spectrum, gauss_response, prior, tau)


def by_bayes(spectrum, n_iterations):
    return unfolding.iterative_bayes(spectrum, gauss_response, prior, int(n_iterations))


# %%
ranks = np.arange(1, len(truth) + 1)
taus = np.geomspace(1e-4, 1e6, 31)
counts = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64])
d = np.abs(by_svd(data, len(truth)).d)
corner = strength.scan_l_curve(by_tikhonov, data, gauss_response, prior, taus)
correlation = strength.scan_global_correlation(by_tikhonov, data, taus)
predicted = strength.cross_validation(by_bayes, data, gauss_response, counts, rng=SEED)
rules = {
    "d vector": (by_svd, ranks, strength.rank_from_d(d)),
    "L-curve": (by_tikhonov, taus, corner.best),
    "global correlation": (by_tikhonov, taus, correlation.best),
    "cross-validation": (by_bayes, counts, predicted.best),
}

# %%
fig, axes = plt.subplots(1, 4, figsize=(22, 5))
panels = (
    (ranks, d, "number of the component k", "|d|"),
    (taus, -corner.scores, "Tikhonov's strength τ", "curvature of the L-curve"),
    (taus, correlation.scores, "Tikhonov's strength τ", "mean global correlation"),
    (counts, predicted.scores, "iterations", "deviance of the predicted part"),
)
for ax, (x, y, xlabel, ylabel), (rule, (_, _, best)) in zip(
    axes, panels, rules.items(), strict=True
):
    ax.plot(x, y, "o-")
    ax.axvline(best, color="#D55E00", ls="--", label=f"choice: {best:.2g}")
    ax.set(
        xlabel=xlabel, ylabel=ylabel, title=rule, xscale="log" if rule != "d vector" else "linear"
    )
    ax.legend()
axes[0].set(yscale="log")
axes[3].set(yscale="log")
axes[0].axhline(2, color="grey", ls=":")
plt.show()
for rule, (method, strengths, best) in rules.items():
    off = [np.sqrt(np.mean((method(data, one).unfolded - truth) ** 2)) for one in strengths]
    chosen_off = np.sqrt(np.mean((method(data, best).unfolded - truth) ** 2))
    print(f"{rule:>18}: chooses {best:8.3g}, off by {chosen_off:5.1f} events a bin", end="; ")
    print(f"the best is {strengths[np.argmin(off)]:6.3g}, off by {min(off):.1f}")

# %% [markdown]
# **Explain.** The rules do not agree, because they ask different questions. The d vector and cross-validation come
# near to the best strength here. The L-curve has several bends, so its corner depends on chance. The global
# correlation is smallest at a much weaker strength: it asks for independent bins, not for a small distance. None of
# them sees the bias, which needs the truth. So an experiment tries its rule on simulations first.

# %% [markdown]
# ## 4 · The same idea without bins
#
# Bayes' update of a bin is a *weight*: new over old. What if each simulated event gets a weight, and the
# ratio of histograms becomes a ratio of densities? A classifier learns such a ratio.
#
# ### Exercise 4.3: a classifier is a density ratio
#
# A classifier sees $N_1$ events of density $p$ (label 1) and $N_0$ events of density $q$ (label 0). Trained
# well, its output is $f = \frac{N_1 p}{N_1 p + N_0 q}$. Solve this for $p/q$.


# %%
def ratio_from_classifier(probability, n_numerator, n_denominator):
    """p/q of each event: probability f (N,) of label 1, sizes (sums of weights) N1 and N0."""
    # BEGIN SOLUTION
    return probability / (1 - probability) * n_denominator / n_numerator
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Calculate $f/(1-f)$ first. What remains beside $p/q$?

# %%
ratio_from_classifier = check("4.3", ratio_from_classifier)

# %% [markdown]
# **OmniFold** [3] iterates two such ratios. Step 1 gives weights $\omega$ to the *measured* simulation, so
# that it looks like the data. But two events with the same truth may now have different weights, and nature
# does not know what the detector will do. So step 2 learns a weight $\nu$ that depends on the *truth* only.
#
# In a Gaussian world the logarithm of each ratio is a parabola. So logistic regression on $x$ and $x^2$ is
# already a classifier that can learn it. Here is the whole method:

# %%
from sklearn.linear_model import LogisticRegression


def ratio(numerator, denominator, w_numerator, w_denominator):
    """p/q at the events of the denominator, by a classifier."""
    x = np.concatenate([numerator, denominator])
    label = np.repeat([1, 0], [len(numerator), len(denominator)])
    weights = np.concatenate([w_numerator, w_denominator])
    classifier = LogisticRegression(C=1e6).fit(np.column_stack([x, x**2]), label, weights)
    f = classifier.predict_proba(np.column_stack([denominator, denominator**2]))[:, 1]
    f = np.minimum(f, 1 - 1e-6)  # f = 1 would be an infinite weight
    return ratio_from_classifier(f, w_numerator.sum(), w_denominator.sum())


def omnifold(true, simulated, data, n_iterations):
    """The weights of the true events after 0, 1, … n iterations, (n + 1, N)."""
    ones = np.ones(len(true))
    history = [ones]
    for _ in range(n_iterations):
        nu = history[-1]
        omega = nu * ratio(data, simulated, np.ones(len(data)), nu)  # step 1: measured
        history.append(ratio(true, true, omega, ones))  # step 2: true
    return np.array(history)


# %% [markdown]
# **Predict.** In this world the exact answer of each iteration is known: Gaussians stay Gaussian, and the
# bias in the mean falls by the same factor $1-K$ in each iteration, with $K=v/(v+e^2)$ for the variance $v$
# of the current answer and the noise $e$. Will the classifiers follow, or will their errors add up?

# %%
steps = model.steps(sizes.iterations)
found = []
for experiment in range(10):
    seeds = np.random.default_rng([SEED, experiment]).spawn(2)
    true, simulated = model.simulation(sizes.events, rng=seeds[0])
    _, data = model.nature(sizes.events, rng=seeds[1])
    weights = omnifold(true, simulated, data, sizes.iterations)
    mean = weights @ true / weights.sum(axis=1)
    width = np.sqrt((weights @ true**2) / weights.sum(axis=1) - mean**2)
    found.append((mean, width))
found = np.array(found)  # (experiments, mean or width, iterations + 1)
average = found.mean(axis=0)
band = found.std(axis=0, ddof=1)

# %%
fig, axes = plt.subplots(1, 2, figsize=(14, 5))
iterations = np.arange(sizes.iterations + 1)
exact = np.array([(step.mean, step.width) for step in steps]).T
for ax, name, law, middle, sigma, limit in zip(
    axes, ("mean", "width"), exact, average, band, model.truth, strict=True
):
    ax.plot(iterations, law, color="black", label="exact recursion")
    ax.errorbar(
        iterations, middle, sigma, fmt="o", color="#D55E00", label="OmniFold (bar: one run)"
    )
    ax.axhline(limit, color="grey", ls=":", label="nature")
    ax.set(xlabel="iterations", ylabel=name)
axes[0].legend()
plt.show()
print("iteration   mean: exact   OmniFold           width: exact   OmniFold")
for n in iterations:
    m, w = average[:, n], band[:, n]
    print(f"{n:>9} {exact[0, n]:>13.3f} {m[0]:>10.3f} ± {w[0]:.3f}", end="")
    print(f" {exact[1, n]:>13.3f} {m[1]:>10.3f} ± {w[1]:.3f}")
off = np.abs(average - exact) / (band / np.sqrt(len(found)))
print(f"largest distance from the law: {np.nanmax(off):.1f} errors of the average")

# %% [markdown]
# **Explain.** The points are averages over ten experiments, and the bars are the spread of one experiment.
# They follow the exact law in every iteration, and the errors of the classifiers do not grow beyond the
# bars. But look at how the bias dies: the mean is nearly right after a few iterations, and the width needs
# more. Stopping early leaves a bias towards the simulation, here and in every real measurement.

# %% [markdown]
# ## 5 · Six observables of real jets at once
#
# A histogram has one axis, a classifier any number. **MultiFold** is OmniFold on several observables. The
# simulation is one setting of Pythia, "nature" another; the detector is the same. Half of nature is the data,
# of which we use only what was measured. The truth of the other half judges the answer, so that the two
# share no fluctuation.
#
# **Predict.** Is it better to unfold, or to publish the measured histogram ("do nothing")? And can one set
# of weights for six observables keep up with six separate histograms?
#
# ### Exercise 4.4: how far apart are two histograms?
#
# The triangular discriminator of normalised histograms is $\frac12\sum_i\frac{(p_i-q_i)^2}{p_i+q_i}$. Some
# papers leave out the ½.


# %%
def discriminator(first, second):
    """Triangular discriminator of two histograms (B,), which need not be normalised."""
    # BEGIN SOLUTION
    p = first / first.sum()
    q = second / second.sum()
    filled = p + q > 0
    return 0.5 * np.sum((p - q)[filled] ** 2 / (p + q)[filled])
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Divide each histogram by its sum first. Leave out the bins in which both are empty.

# %%
discriminator = check("4.4", discriminator)

# %%
names = ("mass", "multiplicity", "width", "ln_rho", "tau21", "zg")
spread_out, all_nature = simulation, nature
if SOURCE is None:  # the bundled file is rounded, and a classifier would see the steps
    spread_out, all_nature = simulation.dequantised(SEED), nature.dequantised(SEED)
seen_jets, other_jets = all_nature.split(0.5, 0.5)  # data, and a truth to judge by
data = seen_jets[seen_jets.measured_ok].columns(*names)[1]
multifold = unfolding.OmniFold(n_iterations=sizes.jet_iterations, model="trees", folds=3)
result = multifold.fit(spread_out, names).unfold(data, rng=SEED)
print(f"{len(result.weights)} simulated jets, worth {result.effective_sample_size:.0f}")

# %%
from hepml_lite.unfolding import reports


def spectra_of(name):
    """Bin edges, the spectra of one observable, and the errors of iterative Bayes."""
    simulated = spread_out.columns(name)[0][:, 0]
    true = other_jets.columns(name)[0][:, 0]
    seen = seen_jets.columns(name)[1][:, 0]
    edges = np.unique(np.nanquantile(simulated, np.linspace(0.005, 0.995, 16)))
    both = unfolding.response_of_events(spread_out, name, edges)
    counted = np.histogram(seen, edges)[0].astype(float)
    without_fakes, _ = both.without_fakes(counted)
    bayes = unfolding.iterative_bayes(without_fakes, both.matrix, both.truth, 4)
    heights = {
        "truth": np.maximum(np.histogram(true, edges)[0], 1),
        "simulation": both.truth,
        "do nothing": counted,
        "iterative Bayes": bayes.unfolded,
        "MultiFold": result.histogram(simulated, edges),
    }
    return edges, heights, bayes.errors


histograms = {name: spectra_of(name) for name in names}


# %%
def closed(name, weights):
    """Distance before and after, floor, and closed share of the gap of one observable."""
    there = spread_out.true_ok
    simulated = spread_out.columns(name)[0][there, 0]
    true = other_jets.columns(name)[0][other_jets.true_ok, 0]
    bins = histograms[name][0]
    new = weights[there]
    return reports.closed_gap(simulated, None, new, true, bins, sizes.bootstraps, SEED)


print("distances to nature x 1000 (a floor is what two equal samples have)")
print(
    f"{'':>13} floor simulation  nothing    Bayes MultiFold   closed after 1 iteration, after all"
)
for name in names:
    heights = histograms[name][1]
    first = closed(name, result.history[1])
    last = closed(name, result.weights)
    far = {key: 1e3 * discriminator(h, heights["truth"]) for key, h in heights.items()}
    print(f"{name:>13} {1e3 * last.floor:>5.2f} {1e3 * last.before:>10.2f}", end="")
    print(f" {far['do nothing']:>8.2f} {far['iterative Bayes']:>8.2f}", end="")
    print(f" {far['MultiFold']:>9.2f}", end="   ")
    print(f"{first.share}, {last.share}" if last.share else "gap below five floors: no share")

# %%
fig, axes = plt.subplots(3, 6, figsize=(22, 10), sharex="col", height_ratios=(2, 1, 1))
pulls = {}
for column, (name, (bins, heights, errors)) in zip(axes.T, histograms.items(), strict=True):
    expected_jets = heights["truth"]
    unfolded = {}
    for key, height in heights.items():
        style = plotting.class_style(key)
        keywords = {"color": style["color"], "ls": style["linestyle"], "label": key}
        scaled = height * expected_jets.sum() / height.sum()
        column[0].stairs(scaled / np.diff(bins), bins, **keywords)
        if key in ("iterative Bayes", "MultiFold"):
            both_errors = np.hypot(errors, np.sqrt(expected_jets))  # of the data and of the truth
            unfolded[key] = (scaled, both_errors)
            pulls[name, key] = (scaled - expected_jets) / both_errors
    plotting.ratio_and_pull(column[1], column[2], bins, expected_jets, unfolded)
    column[2].set(xlabel="mass [GeV]" if name == "mass" else name)
for ax, label in zip(axes[:, 0], ("jets / unit", "over truth", "pull"), strict=True):
    ax.set_ylabel(label)
axes[0, 0].legend(fontsize="x-small")
plt.show()
for name in names:
    squares = [np.mean(pulls[name, key] ** 2) for key in ("iterative Bayes", "MultiFold")]
    print(f"{name:>13}: mean squared pull {squares[0]:5.1f} Bayes, {squares[1]:5.1f} MultiFold")

# %% [markdown]
# **Explain.** For each observable both unfolded spectra are nearer to nature than the measured one: it pays
# to unfold. Read the last two columns together. Most of the gap is closed after one iteration, and least of
# it in `tau21`, where the measured spectrum is even further from nature than the simulation. There the further
# iterations are needed. Where simulation and nature agree within five floors, a share would be noise.
#
# One set of weights keeps up with six separate histograms. Compare the columns *Bayes* and *MultiFold* with the
# floor, which is what chance makes: MultiFold is clearly nearer to nature in `multiplicity`, and iterative Bayes
# is nearer in `ln_rho`, whose steep edge is hard for a classifier. Elsewhere they are about two floors apart or
# less. (The errors are those of the test jets, not of the trainings.) And MultiFold has all six in one set of
# weights: any function of them can be computed later.
#
# The pulls tell what the ratios hide. Both methods get the same errors here, those of iterative Bayes and of the
# test jets, because MultiFold's own errors need a training for each of many replicas. Where the gap was
# wide, the mean squared pull of at least one of them is well above 1: what is left is bias, and no error bar
# contains it.
#
# Six histograms that agree are not yet six dimensions that agree. So look at all of them together: can a
# classifier tell unfolded jets from nature, and are the correlations right? Nature against its other half shows
# what chance makes of each number.
#
# **Predict.** Boosted trees look for a difference between MultiFold and nature in all six observables. Do they find
# one?

# %%
true_rows = other_jets.columns(*names)[0][other_jets.true_ok]
simulated_rows = spread_out.columns(*names)[0][spread_out.true_ok]
half_of_nature = seen_jets.columns(*names)[0][seen_jets.true_ok]
compared = {
    "simulation": (simulated_rows, np.ones(len(simulated_rows))),
    "MultiFold": (simulated_rows, result.weights[spread_out.true_ok]),
    "other half of nature": (half_of_nature, np.ones(len(half_of_nature))),
}
judged = unfolding.comparison
exact_correlations = judged.correlation_matrix(true_rows)
fig, axes = plt.subplots(1, 3, figsize=(22, 6), layout="constrained")
for ax, (key, (rows, weights)) in zip(axes, compared.items(), strict=True):
    off = judged.correlation_matrix(rows, weights) - exact_correlations
    image = ax.imshow(off, cmap="RdBu_r", vmin=-0.1, vmax=0.1)
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(title=key)
    found = judged.quality_row(rows, weights, true_rows, SEED)
    print(f"{key:>20}: AUC {found['auc']:.3f} ± {found['auc_error']:.3f}", end="; ")
    print(f"correlations off by up to {found['correlation']:.3f}", end="; ")
    print(f"Wasserstein distance {found['wasserstein']:.3f} widths (mean of six)")
fig.colorbar(image, ax=axes, label="correlation − that of nature")
plt.show()

# %% [markdown]
# **Explain.** In all three numbers MultiFold lies between the simulation and the other half of nature, and in the AUC
# and the distance it is nearer to the latter. It does not quite arrive: its AUC lies above that of chance by several
# errors, so a classifier still sees what is left. The exploration has the same table for the other methods.
#
# ## 6 · Coverage: are the errors honest?
#
# The error of an unfolded bin describes the statistics. It knows nothing of the bias. Of one hundred
# experiments, about 68 intervals should hold the truth.
#
# **Predict.** After how many iterations do they: few, or many?

# %%
filled = truth > 100  # in emptier bins the errors are not Gaussian
for n in (1, 2, 4, 8, 20, 60):
    results = [unfolding.iterative_bayes(m, gauss_response, prior, n) for m in experiments]
    values = np.array([r.unfolded[filled] for r in results])
    errors = np.array([r.errors[filled] for r in results])
    report = reports.coverage(values, errors, truth[filled])
    worst = np.argmax(np.abs(report.bias))
    print(f"{n:>2} iterations: {report.mean} of the intervals hold the truth", end="; ")
    print(f"largest bias {report.bias[worst]:+.1f} errors, at {centres[filled][worst]:+.1f}")

# %% [markdown]
# **Explain.** Few iterations have small errors and little coverage: the bias dominates. Coverage improves
# with *more* iterations than the smallest total error asks for. This is called undersmoothing, and its price
# is larger errors.
#
# How large is this price, and does it always help? A stored study has 1000 experiments of each method in
# bins, and two worlds: the Gaussian, and a falling spectrum with a narrow peak and an edge that the
# simulation does not have. In both, the response is exactly right. Of OmniFold there are 120 experiments.
#
# **Predict.** Where do the intervals miss the truth most often: in the bulk, at the peak, or at the edge?

# %%
study = unfolding.coverage_study()
fig, axes = plt.subplots(1, 2, figsize=(14, 6), sharey=True)
for ax, world in zip(axes, ("Gaussian", "peak and edge"), strict=True):
    for scan in (scan for scan in study.values() if scan.world == world):
        price = np.mean(scan.errors / np.sqrt(scan.truth), axis=1)  # 1: a perfect detector
        mean = [one.value for one in scan.mean]
        usual = scan.row(scan.default)
        plotting.coverage_against_error(ax, scan.method, price, scan.covered, mean, usual)
    ax.axhline(0.683, color="grey", ls="--")
    ax.set(xscale="log", xlim=(None, 100), xlabel="errors / errors of a perfect detector")
    ax.set_title(f"{world} (dotted: the worst bin)")
axes[0].set_ylabel("share of intervals with the truth")
axes[0].legend()
plt.show()

# %%
for scan in study.values():
    usual = scan.row(scan.default)
    middles = (scan.edges[:-1] + scan.edges[1:]) / 2
    worst = np.argsort(-np.abs(scan.bias[usual]))[:3]
    print(
        f"{scan.world}, {scan.method}: default {scan.default:g} covers {scan.mean[usual]};", end=""
    )
    print(f" bias above one error in {(np.abs(scan.bias[usual]) > 1).sum()}", end="")
    print(f" of {len(middles)} bins, most at {np.round(np.sort(middles[worst]), 2).tolist()}")
    if scan.undersmoothed is not None:
        weak = scan.row(scan.undersmoothed)
        price = np.mean(scan.errors[weak] / scan.errors[usual])
        print(
            f"    undersmoothed, {scan.undersmoothed:g}: errors {price:.1f} times as large", end=""
        )
        print(f", each bin covers {scan.again.min():.2f} to {scan.again.max():.2f}")
    else:
        best = np.argmin(np.abs(scan.covered - 0.683).max(axis=1))
        print(
            f"    no strength covers in every bin; the best one, {scan.strengths[best]:g}", end=""
        )
        print(f", covers {scan.covered[best].min():.2f} to {scan.covered[best].max():.2f}")

# %% [markdown]
# **Explain.** A ring is the strength that one would choose without a thought. None of them covers in every
# bin; only SVD in the Gaussian world comes near. There the bias is largest on the flanks of nature's peak at
# 0.5. In the other world it is largest at the edge (at 1) and at the peak (at 6): these are the places where the
# truth has structure and the simulation has none, and the dotted curves show that there the intervals never
# hold the truth at the rings.
#
# Undersmoothing cures SVD and Tikhonov in both worlds: in experiments that did not choose the strength, each
# bin covers within three binomial errors. The range and the price are printed. Iterative Bayes is cured in the
# Gaussian world only: beyond the edge nature has no events, and a product of positive factors needs endless
# iterations for a zero. OmniFold behaves as the methods in bins do: four iterations cover too little, because the
# bias is left; with six the mean comes near to what was promised, and single bins still do not. (120 experiments
# leave an error of 0.04 on each bin. Small trees learn from 3000 events here.)
#
# An experiment has no truth to test coverage with. But it can start from another prior.
#
# **Predict.** Iterative Bayes now starts from a *flat* spectrum. How far is the result from that of the simulation
# as the prior, after 4 iterations: one error, or many?

# %%
flat = np.full(len(prior), prior.mean())
for n in (1, 4, 8, 20, 60):
    usual = unfolding.iterative_bayes(measured, gauss_response, prior, n)
    other = unfolding.iterative_bayes(measured, gauss_response, flat, n)
    shift = ((other.unfolded - usual.unfolded) / usual.errors)[filled]
    print(
        f"{n:>2} iterations: the prior moves the bins by {np.sqrt(np.mean(shift**2)):4.1f} errors",
        end="",
    )
    print(f" (r.m.s.), at most {np.abs(shift).max():5.1f}")

# %% [markdown]
# **Explain.** After few iterations the answer is mostly the prior, and the quoted errors do not know it. A flat
# spectrum is an extreme prior; still, where the shift falls below one error, it is hidden by the statistics. The
# price is the larger statistical error.
#
# One more test needs no truth. Take two models, fold them, and let the *measured* spectrum tell them apart: this is
# all the information there is. The *unfolded* spectrum must not tell them apart better. This is the bottom-line
# test [6].
#
# **Predict.** Regularised errors are small. Which of the four methods of section 3 pass?

# %%
other_model = 0.9 * truth + 0.1 * prior
of_data = np.diag(np.maximum(measured, 1.0))
for name, one in chosen.items():
    test = reports.bottom_line_test(truth, other_model, gauss_response, of_data, one.covariance)
    excess = test.unfolded.value / test.measured.value
    print(f"{name:>30}: χ² measured {test.measured.value:5.1f}", end=", ")
    print(f"unfolded {test.unfolded.value:10.4g}, ratio {excess:9.4g}", end=": ")
    print("passed" if excess < 1.001 else "failed")

# %% [markdown]
# **Explain.** The inversion passes with equality: it is a change of variables, and loses nothing. The regularised
# results claim far more than the data contain. Their covariance has directions with nearly no variance: there the
# method answers with the simulation, whatever the data are, and takes its own answer for certain. Whoever compares
# another theory with such a spectrum and its covariance may exclude it wrongly. So publish the response and the measured
# spectrum, too, and compare theories there.
#
# ## 7 · Break it
#
# Four things break an unfolding: a wrong detector, a region without simulated events, samples that a
# classifier can separate, and too many iterations.
#
# **Predict.** The noise of the real detector is larger than simulated. Will the unfolding notice? And what
# if nature lives where the simulation has no events?

# %%
from hepml_lite.exact.gaussian_recursion import Gaussian

true, simulated = model.simulation(sizes.events, rng=SEED)
worlds = {
    "all is well": model,
    "noise 0.9, not 0.71": GaussianUnfolding(smearing=0.9),
    "nature at 3.5": GaussianUnfolding(truth=Gaussian(3.5, 0.8)),
}
for name, world in worlds.items():
    _, data = world.nature(sizes.events, rng=SEED + 1)
    w = omnifold(true, simulated, data, sizes.iterations)[-1]
    w = w / w.sum()
    mean = w @ true
    print(f"{name:>20}: mean {mean:.2f} (nature {world.truth.mean}), ", end="")
    print(f"width {np.sqrt(w @ (true - mean) ** 2):.2f} (nature {world.truth.width}),", end=" ")
    refolded = np.sqrt(w @ (simulated - w @ simulated) ** 2)
    print(f"refolded {refolded:.2f} (data {data.std():.2f}), {1 / np.sum(w**2):.0f} events' worth")

# %% [markdown]
# **Explain.** With the wrong noise the answer is too broad, and *nothing looks wrong*: folded again, it
# agrees with the data. The unfolding explains the wrong detector by a wrong truth. Only an independent
# measurement of the detector (calibration with known resonances, test beams) finds it. Outside the support the
# effective number of events collapses: this one can be seen, so look at it every time.
#
# **Predict.** If simulation and data do not overlap at all, a perfect classifier says $f=1$, and the weight
# $f/(1-f)$ is infinite. What should a program do then? And what do 400 iterations do in bins?

# %%
import warnings

apart = GaussianUnfolding(truth=Gaussian(8, 0.5), smearing=0.1)
true, simulated = apart.simulation(3000, rng=SEED)
_, data = apart.nature(3000, rng=SEED)
separable = unfolding.SimulatedEvents.of(true[:, None], simulated[:, None])
careful = unfolding.OmniFold(n_iterations=1, model="trees", folds=2, clip=50).fit(separable)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    far = careful.unfold(data[:, None], rng=SEED)
for text in sorted({str(one.message).split(":")[0] for one in caught}):
    print("warning:", text)
print(f"{len(true)} simulated events are worth {far.effective_sample_size:.0f}", end="; ")
print(f"largest weight {far.weights.max():.0f}, all finite: {np.isfinite(far.weights).all()}")
for n in (4, 400):
    long = unfolding.iterative_bayes(measured, gauss_response, prior, n)
    off = np.sqrt(np.mean((long.unfolded - truth)[filled] ** 2))
    claimed = np.sqrt(np.mean(long.errors[filled] ** 2))
    print(f"{n:>3} iterations: off by {off:.0f}, claimed error {claimed:.0f} events a bin (r.m.s.)")

# %% [markdown]
# **Explain.** No weight can move events to where the simulation has none. Few events carry nearly all of the
# weight, and the program says so: it warns, clips the largest ratios, and leaves no infinite number. A hidden
# infinity would give one event the weight of all others. With 400 iterations in bins nothing warns. Only the
# errors have grown: the result is on its way to the inversion of section 2.
#
# ## What the papers found
#
# The OmniFold paper [3] used these six observables of jets beside a Z, with two generators. Later a
# comparison of all families of methods [4] found that reweighting, distribution mapping and conditional
# generation agree at the level of percents. Our toy is smaller: two settings of one generator, the same
# simple detector on both sides, no pile-up and no background. So the shares in section 5 contain no
# uncertainty of the detector, which often dominates a real measurement.
#
# At `PROFILE = "paper"` with `SOURCE = "public"` this notebook unfolds the events of the paper itself: Pythia
# (tune 26) is the simulation and Herwig nature, both behind Delphes. They are fetched on first use (two files).
# ATLAS has published such a result with 24 quantities of a Z and two jets [5]:
# `data_fetch.public.layouts.read("atlas_omnifold", path)` reads its events and weights.
#
# ## Take-away
#
# What does each method assume, and how would you notice that the assumption is broken? These are the method
# cards of the library.

# %%
import pandas as pd
from IPython.display import HTML

from hepml_lite import method_cards

cards = method_cards.read("unfolding").values()
rows = {card.title: (card.assumes, card.notice) for card in cards}
table = pd.DataFrame.from_dict(rows, "index", columns=["assumes", "how to notice that it fails"])
HTML(table.to_html().replace("<td>", '<td style="text-align: left">'))

# %% [markdown]
# - Every unfolding assumes that the simulated detector is right. It cannot test this itself.
# - Regularisation trades bias for statistical error. The number of iterations is a regularisation.
# - A classifier is a density ratio, and iterating two of them is Bayes' theorem without bins.
#
# <details><summary>Why must step 2 of OmniFold not use the measured values?</summary>
# Nature's truth does not know what the detector will do. Two events with equal truth must have the same
# weight, or the weights describe the detector's noise, too.
# </details>
#
# <details><summary>Your unfolded result, folded again, agrees with the data. Is it right?</summary>
# Not necessarily. Section 7 shows a wrong one that agrees. The inversion of section 2 agrees, too.
# </details>
#
# <details><summary>Why does an experiment not iterate a hundred times?</summary>
# The bias is long gone, and each iteration still adds statistical error.
# </details>
#
# **References.** [1] G. D'Agostini, *NIM A* 362 (1995) 487. [2] A. Höcker, V. Kartvelishvili,
# [hep-ph/9509307](https://arxiv.org/abs/hep-ph/9509307). [3] A. Andreassen et al., *OmniFold*,
# [1911.09107](https://arxiv.org/abs/1911.09107). [4] N. Huetsch et al., *The landscape of unfolding with
# machine learning*, [2404.18807](https://arxiv.org/abs/2404.18807). [5] ATLAS Collaboration,
# [2405.20041](https://arxiv.org/abs/2405.20041). [6] R. Cousins, S. May, Y. Sun, *Should unfolded histograms be used
# to test hypotheses?*, [1607.07038](https://arxiv.org/abs/1607.07038).
