# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Generation: events from noise, and how to trust them
#
# ![Gaussian noise, carried in time until it is a Z peak](../../docs/images/generation.svg)
#
# A simulation turns random numbers into events, at a price: seconds for a shower, hours for a sample. A network
# can learn to do the same in microseconds. You will build such a generator by hand on one page, then give it
# collisions whose exact density is known, and ask: what does it get wrong, who notices, and what are its events
# worth?

# %% [markdown] tags=["objectives"]
# **After this notebook you can**
#
# - write flow matching in twenty lines, and say what each line is for;
# - explain why the same network fails in eight numbers and succeeds in three;
# - judge a generator by an exact density, by a classifier, and by its pulls;
# - say how many true events a generated sample is worth.
#
# **You need** NumPy, a little PyTorch, and the idea of a classifier from *Start here*.

# %% tags=["parameters"]
PROFILE = "lesson"  # smoke: a quick test; lesson: a class; paper: a large sample
SEED = 1

# %%
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import torch

from hepml_lite import plotting, profiles
from hepml_lite.checks import check
from hepml_lite.course.try_it import try_it
from hepml_lite.densities import judge
from hepml_lite.exact.densities import TwoMoons
from hepml_lite.exact.drell_yan import Z_MASS, Z_WIDTH, DrellYan
from hepml_lite.generation import events as generators
from hepml_lite.generation import worth as worth_of
from hepml_lite.statistics.two_sample import classifier_two_sample_test

plotting.use_style()
sizes = profiles.sizes("03_generation", PROFILE)
print(sizes)

# %% [markdown]
# ## 1 · Flow matching on one page
#
# Draw a point of noise and a point of data, and connect them by a straight line. Move along all these lines at
# once, from $t=0$ to $t=1$: noise becomes data. A network that knows the *velocity* at each place and time can
# do this without the data.
#
# ### Exercise 3.1: what the network learns from
#
# The pair of a noise $x_0$ and a data point $x_1$ is at $x_t=(1-t)\,x_0+t\,x_1$ at time $t$. What is its
# velocity $dx_t/dt$?


# %%
def training_pair(noise, data, t):
    """The point x_t and its velocity: (N, D), (N, D), (N,) → (N, D), (N, D)."""
    # BEGIN SOLUTION
    share = t[:, None]  # (N, 1)
    return (1 - share) * noise + share * data, data - noise
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Differentiate $x_t$ by $t$. Does the result depend on $t$?

# %% [markdown] tags=["hint"]
# `t[:, None]` has the shape (N, 1), which multiplies each row of (N, D) by its own time.

# %%
training_pair = check("3.1", training_pair)

# %% [markdown]
# That is all of the theory [1]. The loss is the mean square between network and velocity. Many lines pass
# through one place at one time, so the best network gives their *mean* velocity.

# %%
moons = TwoMoons(width=0.15)
points = torch.tensor(moons.events(sizes.plane_points, rng=SEED)[0], dtype=torch.float32)
torch.manual_seed(SEED)
network = torch.nn.Sequential(
    torch.nn.Linear(3, 96),
    torch.nn.SiLU(),
    torch.nn.Linear(96, 96),
    torch.nn.SiLU(),
    torch.nn.Linear(96, 96),
    torch.nn.SiLU(),
    torch.nn.Linear(96, 2),
)

# %%
optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, sizes.plane_steps)
losses = []
for _ in range(sizes.plane_steps):
    data = points[torch.randint(len(points), (256,))]
    noise = torch.randn_like(data)
    t = torch.rand(len(data))
    x_t, target = training_pair(noise, data, t)
    found = network(torch.cat([x_t, t[:, None]], 1))
    loss = (found - target).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    slower.step()
    losses.append(loss.item())

# %%
first, last = np.mean(losses[:20]), np.mean(losses[-200:])
print(f"loss: {first:.2f} at the beginning, {last:.2f} at the end; it is not zero")

# %% [markdown]
# **Explain.** The loss cannot reach zero: the lines cross, so at one place there are many velocities, and the
# network can only give their mean. What remains is their spread. So the loss of a flow matching says little of
# its quality; only its samples do.
#
# ### Exercise 3.2: noise becomes data
#
# Follow the velocity from $t=0$ to $1$ in `n_steps` equal steps (Euler's method).


# %%
def euler(velocity, x, n_steps):
    """Follow dx/dt = velocity(x, t) from t = 0 to 1: x (N, D), t a number → (N, D)."""
    # BEGIN SOLUTION
    dt = 1 / n_steps
    for step in range(n_steps):
        x = x + dt * velocity(x, step * dt)
    return x
    # END SOLUTION


# %% [markdown] tags=["hint"]
# A step of length $\mathrm{d}t$ moves $x$ by $\mathrm{d}t$ times its velocity. How long is one of `n_steps` steps?

# %% [markdown] tags=["hint"]
# Step number $k=0,1,\dots$ begins at $t=k/n$. Use the point where it is *now*.

# %% [markdown]
# **Predict.** The training lines cross each other all the time. Will the paths of the trained network cross, too?

# %%
euler = check("3.2", euler)


@torch.no_grad()
def velocity(x, t):
    """The trained network at one time t: (N, 2) → (N, 2)."""
    return network(torch.cat([x, torch.full((len(x), 1), t)], 1))


def until(x, t, n_steps=60):
    """The points at time t instead of 1."""
    return euler(lambda y, share: t * velocity(y, t * share), x, n_steps)


start = torch.randn(2000, 2, generator=torch.Generator().manual_seed(SEED))
times = (0.0, 0.25, 0.5, 0.75, 1.0)
fig, axes = plt.subplots(1, 5, figsize=(20, 4.6), sharex=True, sharey=True)
path = torch.stack([until(start[:12], t) for t in np.linspace(0, 1, 21).tolist()])
for ax, t in zip(axes, times, strict=True):
    ax.scatter(*until(start, t).T, s=4, color=plotting.COLOURS["sky"])
    ax.plot(path[..., 0], path[..., 1], color="black", lw=2, ls="-")
    ax.set(title=f"t = {t:g}", xlabel="x", xlim=(-3, 3), ylim=(-3, 3))
axes[0].set_ylabel("y")
plt.show()

# %% [markdown]
# **Explain.** The paths do not cross. They solve a differential equation, and through one place at one time goes
# only one solution. So they are bent where the training lines cross: the paths of two lines that would cross swap
# partners. Bent paths need short steps.
#
# **Predict.** How many steps are enough?

# %%
many = torch.randn(4000, 2, generator=torch.Generator().manual_seed(SEED + 1))
real = moons.events(4000, rng=SEED + 2)[0]
trees = judge.boosted_trees
print("steps   AUC of a classifier, true against generated (0.5: it cannot tell)")
for n_steps in (1, 2, 4, 8, 16, 64):
    made = euler(velocity, many, n_steps).numpy()
    seen = classifier_two_sample_test(real, made, SEED, n_folds=2, make_classifier=trees)
    print(f"{n_steps:>5}   {seen.auc:.3f} ± {seen.auc_error:.3f}")
again = moons.events(4000, rng=SEED + 3)[0]
seen = classifier_two_sample_test(real, again, SEED, n_folds=2, make_classifier=trees)
print(f" true   {seen.auc:.3f} ± {seen.auc_error:.3f}")

# %% [markdown]
# **Explain.** One step leads every point to the mean of the data, between the moons. More steps help, until
# the error of the network is larger than that of the steps: where the numbers stop falling, more steps are
# wasted, and what is left above the last row is the network. A sample costs one evaluation of the network a step, so this is the price list of the method. *Distillation*
# trains a second network to jump; the exploration shows what it costs.
#
# **Try it.** Move the number of steps. What do the points do between the moons?


# %%
def with_steps(steps):
    """Generated points after so many steps, over the true density."""
    fig, ax = plt.subplots(figsize=(6.5, 6))
    grid, _ = moons.grid(120)
    density = np.exp(moons.log_prob(grid)).reshape(120, 120)
    reach = moons.half_width
    ax.imshow(density, origin="lower", extent=(-reach, reach, -reach, reach), cmap="Greys")
    made = euler(velocity, start, steps).numpy()
    ax.scatter(*made.T, s=4, color=plotting.COLOURS["vermilion"])
    ax.set(xlabel="x", ylabel="y", xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), title=f"{steps} steps")
    return fig


slider = ipywidgets.IntSlider(4, 1, 40, description="steps", continuous_update=False)
try_it(with_steps, steps=slider)

# %% [markdown]
# ## 2 · A collision in eight numbers
#
# Now physics: $pp\to Z/\gamma^*\to\mu^-\mu^+$ at lowest order, with a toy parton density. Here the density is known
# exactly, so every mistake of a generator can be measured. An event looks like two four-vectors, eight numbers.
# Let us give all eight to flow matching, from the library this time.
#
# **Predict.** Which of these will come out right: the mass of a muon, the balance of the transverse momenta, the Z
# peak, the edge of $p_T$ at half the mass?

# %%
known = DrellYan()
train = known.events(sizes.events, rng=SEED)[0]  # mass, rapidity, cos theta, phi
truth = known.events(sizes.judged_events, rng=SEED + 1)[0]
eight = generators.methods.make("flow matching", "8 momenta", sizes.epochs)
eight.fit(train, rng=SEED)
numbers = eight.numbers(sizes.judged_events, rng=SEED)
made = eight.coordinates.to_events(numbers, np.random.default_rng(SEED))


# %%
def laws(momenta):
    """Energy less momentum of the mu-, and pT of the pair, both zero: (N, 8) → two (N,)."""
    muons = momenta.reshape(-1, 2, 4)
    excess = muons[:, 0, 0] - np.linalg.norm(muons[:, 0, 1:], axis=-1)
    return excess, np.linalg.norm(muons.sum(1)[:, 1:3], axis=-1)


def transverse(events):
    """pT of a muon [GeV]: half the mass times sin theta."""
    return events[:, 0] / 2 * np.sqrt(1 - events[:, 2] ** 2)


# %%
excess, balance = laws(numbers)
fig, axes = plt.subplots(1, 4, figsize=(22, 5))
axes[0].hist(excess, np.linspace(-60, 60, 60), color=plotting.COLOURS["vermilion"])
axes[0].axvline(0, color="black")
axes[0].set(xlabel="energy less momentum of the muon [GeV]", ylabel="events / bin")
axes[1].hist(balance, np.linspace(0, 6, 50), color=plotting.COLOURS["vermilion"])
axes[1].axvline(0, color="black")
axes[1].set(xlabel="pT of the pair [GeV]", ylabel="events / bin")
for ax, of, label, bins in (
    (axes[2], lambda x: x[:, 0], "mass of the pair [GeV]", np.linspace(70, 110, 61)),
    (axes[3], transverse, "pT of the muon [GeV]", np.linspace(0, 60, 61)),
):
    drawn = {"truth": of(truth), "8 momenta": of(made)}
    plotting.histogram(ax, drawn, bins, label, density=True)
plt.show()

# %%
inside = (np.abs(made[:, 0] - Z_MASS) < Z_WIDTH).mean()
right = (np.abs(truth[:, 0] - Z_MASS) < Z_WIDTH).mean()
print(f"pairs within one width of the Z mass: {inside:.0%}, truth {right:.0%}")
print(f"median pT of the pair: {np.median(balance):.1f} GeV, truth 0")

# %% [markdown]
# **Explain.** Nothing is exactly right. Four laws tie the eight numbers together: two masses, and the balance of both
# transverse components. True events lie on a surface of four dimensions within the eight, where their density is infinite,
# and a smooth network can only approach it. The Z peak is the difference of large numbers, so small errors of each
# momentum make it wide. The edge at half the mass is washed out for the same reason. The network is not too small:
# the question is badly posed.
#
# ## 3 · Four numbers, three numbers
#
# Solve the laws once, on paper: $p_T$, the two $\eta$ and $\phi$ fix the event. These are four numbers, without any
# law between them. Better still: nothing depends on $\phi$, and the peak has a known shape. With
# $m^2=M^2+M\Gamma\tan a$ a Breit-Wigner peak is *flat* in the angle $a$. So three numbers remain: $a$, the rapidity, and
# $\cos\theta$, each as a share of its allowed range.
#
# ### Exercise 3.3: a coordinate in which the peak is flat
#
# Densities transform as $p(m)=p(a)\,|da/dm|$. Give the angle, and the logarithm of the slope.


# %%
def angle_of_mass(mass):
    """The angle a of masses [GeV], and log |da/dm|: (N,) → (N,), (N,)."""
    # BEGIN SOLUTION
    tangent = (mass**2 - Z_MASS**2) / (Z_MASS * Z_WIDTH)
    slope = 2 * mass / (Z_MASS * Z_WIDTH * (1 + tangent**2))
    return np.arctan(tangent), np.log(slope)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# $\tan a=(m^2-M^2)/(M\Gamma)$, with `Z_MASS` and `Z_WIDTH`.

# %% [markdown] tags=["hint"]
# $\frac{d}{dx}\arctan x=\frac{1}{1+x^2}$, and the chain rule: what is the derivative of $m^2$?

# %%
angle_of_mass = check("3.3", angle_of_mass)
angle, log_slope = angle_of_mass(truth[:, 0])
fig, axes = plt.subplots(1, 2, figsize=(14, 4.5))
plotting.histogram(axes[0], {"truth": truth[:, 0]}, 80, "mass [GeV]", counted="events")
plotting.histogram(axes[1], {"truth": angle}, 80, "angle a [rad]", counted="events")
plt.show()

# %% [markdown]
# **Explain.** The peak is gone. What stands at the left end is not the $Z$: light pairs from the photon, far below the peak, have
# all nearly the same angle. A step at the edge is no problem for a network that gets shares of a range.
#
# **Predict.** A normalizing flow of the same size learns the four numbers, and then the three. How much better will it
# be: a little, or will the judge fail to tell it from the truth?

# %%
models = {"8 momenta": eight}
for name in ("4 momenta", "3 shares"):
    models[name] = generators.methods.make("flow", name, sizes.epochs).fit(train, rng=SEED)
samples = {"truth": truth, "8 momenta": made}
for name in ("4 momenta", "3 shares"):
    samples[name] = models[name].sample(sizes.judged_events, rng=SEED)

# %%
print(f"{'':>12} AUC of the judge  real against real   mean log q - log p")
for name, model in models.items():
    verdict = judge.judge(
        truth[:, :3],
        samples[name][:, :3],
        classifiers={"trees": judge.boosted_trees},
        n_folds=2,
        rng=SEED,
    )
    try:
        lost = model.log_prob(truth) - known.log_prob(truth)
        gap = f"{lost.mean():+.4f} ± {lost.std() / np.sqrt(len(lost)):.4f} nats"
    except NotImplementedError:
        gap = "no density: the events lie on a surface"
    print(f"{name:>12} {verdict.auc!s:>16} {verdict.real_auc!s:>18}   {gap}")
print(f"entropy of the truth: {known.entropy:.3f} nats; no model can have a mean above zero")

# %%
fig, axes = plt.subplots(1, 3, figsize=(20, 5.2))
for ax, of, label, bins in (
    (axes[0], lambda x: x[:, 0], "mass [GeV]", np.linspace(80, 102, 67)),
    (axes[1], transverse, "pT of the muon [GeV]", np.linspace(30, 55, 51)),
    (axes[2], lambda x: x[:, 2], "cos theta", np.linspace(-1, 1, 41)),
):
    drawn = {name: of(x) for name, x in samples.items()}
    plotting.histogram(ax, drawn, bins, label, density=True)
axes[2].legend(loc="lower center")
plt.show()

# %% [markdown]
# **Explain.** The step from eight to four numbers is the large one: the laws hold now, and the histograms look right.
# They are not. In $(p_T,\eta,\eta)$ the Z peak is a thin *curved* sheet, and the edge of $p_T$ is its fold. A flow can bend
# to it, but not exactly: look at the top of the peak and at the last column. In the three shares there is no peak and no
# edge left: the flow has to learn a few gentle slopes. Then the coordinates put the peak at its place *exactly*, and the
# edge follows from $p_T=\frac m2\sin\theta$.
#
# The last column is the strictest test: it tells the two flows apart by many errors, where the judge sees little. The mean of $\log q-\log p$ over true events is minus the Kullback-Leibler
# divergence: zero for a perfect model, negative otherwise, and in units that mean something. With real simulations
# there is no $\log p$, and the judge must do.
#
# ## 4 · Six methods, the same events
#
# What of the other generators? A **VAE** decodes a Gaussian code, and smears. A **GAN** plays against a critic, and
# has no density. An **autoregressive transformer** draws one number after the other from a mixture of Gaussians. **Diffusion**
# removes noise step by step, and is a sister of flow matching.
#
# **Predict.** What matters more: the method, or the coordinates?

# %%
table = generators.results.summary(generators.results.read())
plotting.styled(table)

# %% [markdown]
# **Explain.** Compare the same method in two coordinates, and then two methods in the same coordinates. Which difference
# is larger? A judge at 0.5 cannot tell, and two entries that differ by less than twice their errors together cannot be told
# apart here. Each row is the mean of three trainings, on other events each. The VAE smears
# each event by a Gaussian of learned width, so its edges are soft in any coordinates. The GAN has no density at all: for
# it the judge is the only witness.
#
# ## 5 · From on-shell to off-shell: start from physics
#
# Noise is a poor starting point if a cheaper simulation is at hand. Events within one width of the $Z$ pole (*on-shell*)
# need one diagram. All masses, with the photon and the interference, need more. A *bridge* is flow matching, with the
# noise, between two samples: it starts at cheap events and ends at dear ones [6]. No event has a partner. The pairs of
# a training are made by optimal transport in each batch.
#
# **Predict.** An on-shell event a little below the pole: where will it go?

# %%
from hepml_lite.generation.events import off_shell
from hepml_lite.statistics.migration import migration_matrix

n = sizes.bridge_events
cheap = off_shell.on_shell().events(2 * n, rng=SEED)[0]
bridge = off_shell.make_bridge()
bridge.density.plan.epochs = sizes.bridge_epochs
diffusion = off_shell.DirectDiffusion(bridge=bridge).fit(cheap[:n], train[:n], rng=SEED)
moved = diffusion.transport(cheap[n:], rng=SEED)

# %%
cheap_edges = np.linspace(Z_MASS - Z_WIDTH, Z_MASS + Z_WIDTH, 13)
dear_edges = np.array([60, 75, 82, 86, 88, 89.5, 90.5, 91.2, 92, 93, 94.5, 97, 102, 110, 120])
matrix = migration_matrix(cheap[n:, 0], moved[:, 0], cheap_edges, dear_edges)
wide = np.linspace(60, 120, 13)
fig, axes = plt.subplots(1, 3, figsize=(21, 5.6))
spectra = {"truth": truth[:, 0], "on-shell": cheap[n:, 0], "moved": moved[:, 0]}
plotting.histogram(axes[0], spectra, np.linspace(60, 120, 61), "mass [GeV]", density=True)
axes[0].set(yscale="log", ylim=(1e-4, 1))
places = np.arange(len(dear_edges))
image = axes[1].pcolormesh(cheap_edges, places, matrix, cmap="cividis")
axes[1].set(xlabel="on-shell mass [GeV]", ylabel="mass after the bridge [GeV]", title="migration")
axes[1].set_yticks(places[::2], [f"{edge:g}" for edge in dear_edges[::2]])
fig.colorbar(image, label="probability")
centres = (wide[:-1] + wide[1:]) / 2
for shift, (name, x) in enumerate({"truth": truth, "on-shell": cheap[n:], "moved": moved}.items()):
    asymmetry, error = off_shell.forward_backward_asymmetry(x, wide)
    style = {**plotting.class_style(name), "linestyle": "none"}
    axes[2].errorbar(centres + 0.6 * shift, asymmetry, error, label=name, **style)
axes[2].axhline(0, color="grey", lw=1)
axes[2].set(xlabel="mass [GeV]", ylabel="forward-backward asymmetry", ylim=(-0.7, 0.7))
axes[2].legend(loc="lower right")
plt.show()

# %%
seen = classifier_two_sample_test(
    truth[:, :3], moved[:, :3], SEED, n_folds=2, make_classifier=judge.boosted_trees
)
print(f"judge of the moved events: AUC {seen.auc:.3f} ± {seen.auc_error:.3f}")
expected, its_error = off_shell.forward_backward_asymmetry(truth, wide)
for name, x in (("on-shell", cheap[n:]), ("moved", moved)):
    asymmetry, error = off_shell.forward_backward_asymmetry(x, wide)
    known_bins = np.isfinite(asymmetry) & (error > 0)
    pull = ((asymmetry - expected) / np.hypot(error, its_error))[known_bins]
    print(f"asymmetry of {name}: chi² {np.sum(pull**2):.0f} in {known_bins.sum()} bins")
low = moved[cheap[n:, 0] < Z_MASS, 0]
print(f"{(low < Z_MASS).mean():.0%} of the events that start below the pole end below it")

# %% [markdown]
# **Explain.** The migration matrix has a band: an event below the pole goes further below. Transport pairs near with
# near, so each event moves as little as it must. The way itself is *not* physics: with another noise or pairing, other
# events would move, to the same spectrum.
#
# The asymmetry is a test of physics that the judge hardly makes. Photon and Z interfere, negatively below the pole and
# positively above, so the sign of $\cos\theta\cdot y$ must depend on the mass: a correlation of *three* numbers, in the
# few events far from the pole. On-shell events have none of it: they fill two bins. Compare $\chi^2$ with the number of
# bins, and the area of the judge with one half: does one of them see a fault, and the other not? Train with another `SEED`:
# the two need not fail together, so ask both.
#
# ## 6 · A fast amplitude that knows its error
#
# Often the events are cheap, and the *amplitude* is dear: loops take seconds for each point. A network can learn
# it as a regression. But how wrong is it? Let it predict a mean and a width, $\mu(x)\pm\sigma(x)$, and minimise
# $\frac12\left(\frac{y-\mu}{\sigma}\right)^2+\log\sigma$: the network must say how wrong it is. Our training amplitudes
# have a Monte Carlo error that we know, larger for forward muons.
#
# **Predict.** Without being told, can the network find this error at each angle?

# %%
from hepml_lite.densities import TrainingPlan


def noise_at(x):
    """Relative error of the calculation at points (angle of the peak, cos theta)."""
    return 0.02 + 0.1 * x[:, 1] ** 2


def exact(x):
    """Log of the squared amplitude of u ubar → mu mu."""
    mass = generators.coordinates.mass_at_angle(x[:, 0])
    return generators.log_amplitude(mass, x[:, 1])


rng = np.random.default_rng(SEED)
x = rng.uniform([-1.2, -0.9], [1.2, 0.9], size=(sizes.amplitude_points, 2))
y = exact(x) + noise_at(x) * rng.normal(size=len(x))
plan = TrainingPlan(epochs=sizes.amplitude_epochs, learning_rate=2e-3, patience=None)
plan.progress = False
surrogate = generators.AmplitudeSurrogate(plan=plan).fit(x, y, rng=SEED)

# %%
new = rng.uniform([-1.2, -0.9], [1.2, 0.9], size=(4000, 2))
measured = exact(new) + noise_at(new) * rng.normal(size=len(new))
prediction = surrogate.predict(new)
pulls = {
    "measured": surrogate.pulls(new, measured),
    "exact, errors of the noise": (exact(new) - prediction.mean) / prediction.noise,
    "exact, disagreement": (exact(new) - prediction.mean) / prediction.disagreement,
}
fig, axes = plt.subplots(1, 2, figsize=(15, 5))
order = np.argsort(new[:, 1])
axes[0].plot(new[order, 1], noise_at(new)[order], color="black", label="true error")
axes[0].scatter(new[:, 1], prediction.noise, s=5, color="#D55E00", label="predicted error")
axes[0].set(xlabel="cos theta", ylabel="error of log amplitude", ylim=(0, None))
axes[0].legend(markerscale=4)
grid = np.linspace(-6, 6, 61)
plotting.histogram(axes[1], pulls, grid, "pull", density=True)
axes[1].plot(grid, np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi), color="black", lw=1.5, ls="-")
plt.show()
for name, values in pulls.items():
    low, middle, high = np.quantile(values, [0.16, 0.5, 0.84])
    print(f"{name:>26}: median {middle:+.2f}, half the central 68 %: {(high - low) / 2:.2f}")

# %% [markdown]
# **Explain.** The pulls of new *measured* amplitudes show whether $\sigma$ is right: their width should be 1. Against the
# *exact* amplitude the same $\sigma$ is far too large, because the network averages over many noisy points: it
# is better than its training data. How much better, the disagreement of three networks does not tell: its pulls are
# wider than 1, since networks that share the same data share most of their error, and three of them often agree by
# chance. So these are two different questions: how wrong is a *point* of the training, and how wrong is the *network*? The
# second needs trainings on resampled points, as in the next section.
#
# ## 7 · What are generated events worth?
#
# A generator trained on 100 events can make a million. Are they worth a million? Cut the truth into $Q$ cells of equal
# probability. A sample with the shares $s_j$ has the error $E=\frac1Q\sum_j(s_j-\frac1Q)^2$, and for $n$ true events its
# mean is $(1-\frac1Q)/(Qn)$: the multinomial law. So any sample is *worth* the number of true events with the same $E$ [5].
#
# ### Exercise 3.4: the worth of a sample


# %%
def worth(values, inner_edges):
    """True events with the same error: values (N,), inner edges of the cells (Q - 1,)."""
    # BEGIN SOLUTION
    n_cells = len(inner_edges) + 1
    cells = np.searchsorted(inner_edges, values)
    shares = np.bincount(cells, minlength=n_cells) / len(values)
    error = np.mean((shares - 1 / n_cells) ** 2)
    return (1 - 1 / n_cells) / (n_cells * error)
    # END SOLUTION


# %% [markdown] tags=["hint"]
# `np.searchsorted(inner_edges, values)` gives the number of the cell, and `np.bincount(…, minlength=Q)` counts.

# %% [markdown] tags=["hint"]
# Solve $E=(1-\frac1Q)/(Qn)$ for $n$. How many cells do $Q-1$ inner edges make?

# %% [markdown]
# **Predict.** Four generators learn from 100 events of two humps: a resampler that repeats its training events, a kernel
# density, a flow, and a fit of two Gaussians, the true form. Which is worth more than 100 events?

# %%
worth = check("3.4", worth)
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from hepml_lite.densities import Flow
from hepml_lite.exact.camel_back import CamelBack

camel = CamelBack()
cells = camel.quantiles(10)


def of_truth(n, rng):
    """True values (n,)."""
    return camel.events(n, rng)[0][:, 0]


def resampler(training, rng):
    """Repeats the training events."""
    return lambda n, rng: rng.choice(training, n)


def kernels(training, rng):
    """A Gaussian at each training event."""
    density = KernelDensity(bandwidth="silverman").fit(training[:, None])
    return lambda n, rng: density.sample(n, random_state=int(rng.integers(2**31)))[:, 0]


# %%
def two_gaussians(training, rng):
    """A fit of the true form."""
    fit = GaussianMixture(2, random_state=0).fit(training[:, None])

    def sample(n, rng):
        return fit.set_params(random_state=int(rng.integers(2**31))).sample(n)[0][:, 0]

    return sample


def flow(training, rng):
    """Splines, stopped early."""
    plan = TrainingPlan(epochs=60, batch_size=45, learning_rate=1e-2, progress=False)
    density = Flow(n_layers=1, hidden_features=(16,), n_bins=8, plan=plan)
    density.fit(training[:, None], rng=rng)
    return lambda n, rng: density.sample(n, rng=rng)[:, 0]


# %%
made_of = {"resampler": resampler, "kernel density": kernels, "flow": flow}
made_of["two Gaussians"] = two_gaussians
counts = [10, 30, 100, 300, 1000, 10_000]
curves = {}
for name, make in made_of.items():
    repeats = sizes.flow_repeats if name == "flow" else sizes.repeats
    curves[name] = worth_of.amplification_curve(
        of_truth, cells, make, 100, counts, n_repeats=repeats, rng=SEED
    )

# %%
fig, ax = plt.subplots(figsize=(9, 5.5))
for name, curve in curves.items():
    style = plotting.class_style(name)
    ax.errorbar(counts, 100 * curve.factor, 100 * curve.factor_error, label=name, **style)
ax.plot(counts, counts, color="black", lw=1, ls=":", label="as many true events")
ax.axhline(100, color="grey", lw=1, ls="-")
ax.set(xscale="log", yscale="log", ylim=(8, 1500))
ax.set(xlabel="generated events", ylabel="worth in true events")
ax.legend()
plt.show()
for name, curve in curves.items():
    factor, error = curve.factor[-1], curve.factor_error[-1]
    print(f"{name:>15}: 10 000 events are worth {100 * factor:.0f} ± {100 * error:.0f} true ones")

# %% [markdown]
# **Explain.** The resampler comes to 100 and stays there: it knows what the events say, no more. What lies above the
# grey line was put in by hand: the fit knows the *form* of the truth, and the flow knows that it is *smooth*, which helps
# only as far as its error bar says: it has few trainings here, and they differ much. What was put in can also be wrong: the
# usual width of the kernels is made for a single hump, so it smears two of them, and its million events are worth *less* than
# the hundred that it learned from. Each curve becomes flat, because the error of the training is in every generated event,
# and more events only shrink the error of counting.
#
# So the error bars of a generated histogram must not be $\sqrt N$. What then? Train again, on another resample of the
# training events, and look how the bins move.
#
# **Predict.** A flow is trained on a few events and makes ten times as many. How wide are the pulls of its bins, if their
# errors are those of counting?

# %%
rng = np.random.default_rng(SEED)
few = known.events(sizes.member_events, rng=SEED + 7)[0]
n_made = 10 * len(few)
members = []
for member in range(sizes.members):
    again = few[rng.integers(len(few), size=len(few))] if member else few
    model = generators.methods.make("flow", "3 shares", epochs=max(2, sizes.epochs // 2))
    model.density.n_layers = 1
    model.density.plan.batch_size = 256
    members.append(model.fit(again, rng=member).sample(n_made, rng=member)[:, 0])
mass_edges = np.array([60, 80, 85, 88, 89.5, 90.3, 91, 91.7, 92.5, 94, 97, 102, 120])
exact_shares = np.histogram(known.events(500_000, rng=SEED + 8)[0][:, 0], mass_edges)[0] / 5e5
found = worth_of.ensemble_histogram(members, mass_edges)

# %%
counted = found.poisson_pulls(exact_shares)  # of the first training, on the events themselves
honest = found.pulls(exact_shares)
fig, axes = plt.subplots(1, 2, figsize=(16, 5.2))
bins = np.arange(len(mass_edges) - 1)
axes[0].axhline(1, color="black", lw=1)
for shift, error, name in (
    (-0.12, found.poisson_error, "error of counting"),
    (0.12, found.error, "spread of the trainings"),
):
    style = {**plotting.class_style(name), "linestyle": "none"}
    ratio = found.shares[0] / exact_shares
    axes[0].errorbar(bins + shift, ratio, error / exact_shares, label=name, **style)
axes[0].set_xticks(bins[::2], [f"{edge:g}" for edge in mass_edges[:-1:2]])
axes[0].set(xlabel="lower edge of the bin of mass [GeV]", ylabel="generated / exact")
axes[0].legend(loc="upper center")
drawn = {"error of counting": np.clip(counted, -8, 8), "spread of the trainings": honest}
plotting.histogram(axes[1], drawn, np.linspace(-8, 8, 17), "pull", counted="bins")
plt.show()
for name, values in drawn.items():
    print(f"pulls with the {name}: r.m.s. {np.sqrt(np.mean(values**2)):.2f}")
expected = np.sqrt((sizes.members - 1) / max(sizes.members - 3, 1))  # of Student's t
chance = expected / np.sqrt(2 * len(honest))
print(f"a spread of {sizes.members} trainings, if right, gives {expected:.2f} ± {chance:.2f}")

# %% [markdown]
# **Explain.** With the errors of counting the pulls are much wider than one: the generated sample is large, but it
# knows only what its training events know. Compare the pulls with the spread of the trainings with the last line: a spread that
# comes from a few trainings is itself uncertain, so even a right one gives pulls above one. Twelve bins cannot show a small
# bias, and resampling shows none: all trainings share it. An experiment that uses a generator quotes such an error, as it
# quotes the statistics of its simulation.
#
# ### Exercise 3.5: an open challenge
#
# Write `train(events)`: it gets 2000 true events (N, 4) and returns a function `sample(n, seed)` that makes new ones.
# A judge that has never seen your training compares 8000 of them with the truth. Copies of the training events do not count.
# The exact formula is out of bounds. The check prints the ladder.


# %%
def train_generator(events):
    """Events (N, 4) of mass, rapidity, cos theta, phi → sample(n, seed) → (n, 4)."""
    # BEGIN SOLUTION
    from hepml_lite.densities.change_of_variables import Logit, Standardise, chain

    plan = TrainingPlan(epochs=30, batch_size=128, learning_rate=5e-3, progress=False)
    change = chain(Logit(), Standardise())
    density = Flow(n_layers=1, n_bins=8, hidden_features=(32, 32), change=change, plan=plan)
    model = generators.EventGenerator(density, generators.PeakShares())
    return model.fit(events).sample
    # END SOLUTION


# %% [markdown] tags=["hint"]
# Which numbers would you give to the network? Section 3 has three candidates.

# %% [markdown] tags=["hint"]
# 2000 events are few: a small network and an early stop (`patience` of the plan) beat a large one.

# %%
practice = known.events(sizes.practice_events, rng=SEED + 9)[0]
train_generator = check("3.5", train_generator, practice=practice)

# %% [markdown]
# ## 8 · Showers: no density, only judges
#
# A shower has no formula. Electrons of 1 to 100 GeV enter a block of lead tungstate; of each shower we keep the shares of
# twenty layers and four moments, given the energy of the electron. Flow matching learns them as it learned the moons. Two
# rivals compete: a **Gaussian** with the right means and correlations, and a **memory**, a resampler that gives back
# training showers of nearly the same energy.
#
# **Predict.** Rank the three by the area of a strong judge. Which one would you publish?

# %%
from data_fetch import load
from hepml_lite.generation import evaluation
from hepml_lite.generation.showers import profiles as shower_profiles

parts = {split: load("calo_profiles", PROFILE, split=split) for split in ("train", "val", "test")}
tables = {}
for seed, (split, part) in enumerate(parts.items()):
    x, energy = shower_profiles.profiles_of(part, seed)
    tables[split] = (x[: sizes.showers], energy[: sizes.showers])
x, energy = tables["train"]
depths = tuple(parts["train"].card["depths"])
plan = TrainingPlan(
    epochs=sizes.shower_epochs, batch_size=512, learning_rate=2e-3, patience=None, progress=False
)
matching = shower_profiles.profiles_by("flow_matching", depths, plan).fit(x, energy, rng=SEED)
gauss = evaluation.GaussianModel().fit(x, np.log(energy)[:, None])
memory = evaluation.Resampler().fit(x, np.log(energy))

# %%
real, its_energy = tables["test"]
fresh, fresh_energy = tables["val"]
condition = np.log(its_energy)[:, None]
drawn = {
    "flow matching": matching.sample(its_energy, rng=SEED),
    "Gaussian": gauss.sample(condition, rng=SEED),
    "memory": memory.sample(condition, rng=SEED),
}
drawn = {name: shower_profiles.as_stored(x, parts["test"], SEED) for name, x in drawn.items()}
drawn["other cascades"] = fresh[: len(real)]
verdicts, of_trees = {}, {}
scale = real.std(axis=0)
for name, rows in drawn.items():
    with_energy = np.column_stack([real, condition])
    of_rows = np.log(fresh_energy[: len(real)])[:, None] if name == "other cascades" else condition
    views = evaluation.table_views(with_energy, np.column_stack([rows, of_rows]))
    verdicts[name] = evaluation.judge_views(views, SEED)
    of_trees[name] = evaluation.judge_views({"trees": views["trees"]}, SEED).weights

# %%


def core_width(rows):
    """Half the central 68 % of the response, the sum of all layers."""
    low, high = np.quantile(rows[:, :20].sum(1), [0.16, 0.84])
    return (high - low) / 2


n = min(len(tables["train"][0]), len(fresh))
known_rows, fresh_rows = tables["train"][0][:n] / scale, fresh[:n] / scale
print(f"{'':>14}   AUC of the strongest   copies   width of the response / true")
for name, verdict in verdicts.items():
    rows = drawn[name]
    copies = evaluation.memorisation(known_rows, fresh_rows, rows / scale).copies
    ratio = core_width(rows) / core_width(real)
    print(f"{name:>14}   {verdict.auc!s:>14} {verdict.strongest:>7}   {copies:>6.1%}   {ratio:.3f}")
fig, axes = plt.subplots(1, 2, figsize=(16, 5))
depth = {"truth": real[:, 20], **{k: v[:, 20] for k, v in drawn.items() if k in verdicts}}
del depth["other cascades"]
plotting.histogram(axes[0], depth, np.linspace(2, 11, 46), "mean depth [X0]", density=True)
weights = {name: np.clip(found, 0, 4) for name, found in of_trees.items()}
plotting.histogram(axes[1], weights, np.linspace(0, 4, 41), "weight of the trees", density=True)
axes[1].axvline(1, color="black", lw=1)
axes[1].set(yscale="log", ylim=(0.01, 20))
plt.show()

# %% [markdown]
# **Explain.** The Gaussian has the right means, and the judge finds it at once: shares of layers are positive and
# skewed. Flow matching is far better; compare it with *other cascades*, the row that nothing can beat on average. And
# the memory? Copies of real showers look like real showers, and what little the judge finds in them are the repetitions.
# Only a metric that *asks for copies* sees it: many rows are at the place of a training shower (not all: the rounding of
# the sample is spread again). It is worth what its training sample is worth, and not one shower more. By the judge alone it
# cannot be told from a good generator, or it even wins.
#
# The right figure says *where* the judge sees something, here the trees for all four. Their weight $p/(1-p)$ estimates true
# over generated density, and *other cascades* show how far it scatters by chance: a perfect generator has all weights at one, a tail to zero means events that should not exist, and a tail to large values
# means a region that is missing. The exploration goes on with voxels, other metrics, and time per shower.

# %% [markdown]
# ## 9 · Break it
#
# A perfect generator of the wrong physics: the training simulation has its $Z$ at a mass that is 0.3 GeV too high.
#
# **Predict.** Who will notice: the likelihood of the training sample, a judge of training against generated, or the
# physics?

# %%
shifted = DrellYan(z_mass=Z_MASS + 0.3)
simulated = shifted.events(sizes.events, rng=SEED)[0]
model = generators.methods.make("flow", "3 shares", sizes.epochs).fit(simulated, rng=SEED)
made = model.sample(sizes.judged_events, rng=SEED)
for name, reference in (
    ("its own simulation", shifted.events(sizes.judged_events, rng=SEED + 1)[0]),
    ("nature", truth),
):
    seen = classifier_two_sample_test(
        reference[:, :3], made[:, :3], SEED, n_folds=2, make_classifier=judge.boosted_trees
    )
    print(f"against {name:>18}: AUC {seen.auc:.3f} ± {seen.auc_error:.3f}", end=", ")
    print(f"mean log q {model.log_prob(reference).mean():.3f}")
for name, sample in (("generated", made), ("nature", truth)):
    core = sample[np.abs(sample[:, 0] - Z_MASS) < 4, 0]
    error = 1.25 * core.std() / np.sqrt(len(core))  # of a median, roughly
    print(f"{name:>10}: median mass near the peak {np.median(core):.3f} ± {error:.3f} GeV")

# %% [markdown]
# **Explain.** Against its own simulation the judge sees next to nothing: most would say that the generator passes. It
# copies the error of its training into every event. Against nature the judge sees a little more, but its area is far from one,
# and yet a measurement of the $Z$ mass would be off by many times its error. A small AUC is no proof that a sample is good *for your
# question*: ask the question, too. Calibrations and control regions find such errors; no training can.
#
# ## What the papers found
#
# These six methods were compared on Drell-Yan and top events by many groups; we took the sequence of eight, four and three
# numbers from the Heidelberg tutorial [7]. There, too, the coordinates decide. The first GANs for events needed an extra
# loss for each resonance (a *maximum mean discrepancy*), because their numbers were momenta. "GANplifying" [5]
# found that 10 000 events of a GAN trained on 100 are worth 150 to 200 true ones in one dimension; compare with your
# curve, which has other humps and other networks. Later work asks in *which* regions amplification holds: in the bulk
# rather than the tails.
#
# In the CaloChallenge [8], the community's comparison of shower generators, the strongest judge decides the ranking, and the
# judge of a dense network is fooled where one that knows the geometry is not: on its largest data set one submission has
# an AUC of 0.59 for the first and 0.92 for the second. Our showers are easier (no sampling layers, no noise, some
# two dozen numbers instead of thousands), so an area near one half is no sign that we would win there.
#
# ## Take-away
#
# - A generator needs good coordinates more than a good method: solve exactly what can be solved exactly.
# - Judge by likelihood where there is one, and by the strongest classifier where there is none; show real against real.
# - Generated events are worth more than the training sample only by what was put in, and never more than a finite number.
#
# <details><summary>Why is the loss of flow matching not zero for a perfect network?</summary>
# Lines of many pairs cross at one place and time. The best network gives their mean velocity, and the loss is the spread
# around it.
# </details>
#
# <details><summary>A judge gives AUC 0.50. Is the generator perfect?</summary>
# The judge cannot tell at this size of sample and with these features. A stronger judge, more events, or a question about
# a tail may still see a difference.
# </details>
#
# <details><summary>You generate ten times as many events. Which error becomes smaller?</summary>
# That of counting, by the root of ten. The error of the training stays.
# </details>
#
# **References.** [1] Y. Lipman et al., *Flow matching*, [2210.02747](https://arxiv.org/abs/2210.02747).
# [2] D. Kingma, M. Welling, *VAE*, [1312.6114](https://arxiv.org/abs/1312.6114).
# [3] I. Gulrajani et al., *WGAN-GP*, [1704.00028](https://arxiv.org/abs/1704.00028).
# [4] A. Butter et al., *Jet diffusion versus JetGPT*, [2305.10475](https://arxiv.org/abs/2305.10475).
# [5] A. Butter et al., *GANplifying event samples*, [2008.06545](https://arxiv.org/abs/2008.06545).
# [6] A. Butter et al., *Kicking it off(-shell) with direct diffusion*, [2311.17175](https://arxiv.org/abs/2311.17175).
# [7] T. Plehn et al., *Modern machine learning for LHC physicists*, [2211.01421](https://arxiv.org/abs/2211.01421).
# [8] C. Krause et al., *CaloChallenge 2022*, [2410.21611](https://arxiv.org/abs/2410.21611).
