// "Cut or learn?" without a server: the numbers of hepml_lite/start_here, counted in the browser.
// Arguments: mass, scores, labels (N); top_scores, falling; sources points, shade, accepted;
// widgets mass_window, cut, equal; texts line, board; words, as in start_here_words.py; level, the
// standard deviations of a 68 % interval. The tests compare what it says with Python.

const tops = top_scores.length, qcds = labels.length - tops
const [low, high] = mass_window.value

function decimals(error) { // as hepml_lite.intervals rounds: 0.021 but 0.04
  const exponent = Math.floor(Math.log10(error))
  return (error / 10 ** exponent < 3.55 ? 1 : 0) - exponent
}

function rounded(x, digits) { // as Python does: a tie goes to the even digit
  if (digits < 0) return String(Math.round(x * 10 ** digits) / 10 ** digits)
  const up = x.toFixed(digits), rest = x.toFixed(60).split(".")[1].slice(digits)
  const odd = Number(up.at(-1)) % 2 == 1
  return /^50*$/.test(rest) && odd ? (Number(up) - 10 ** -digits).toFixed(digits) : up
}

function shown([value, bottom, top]) {
  if (!isFinite(value)) return `&gt; ${bottom.toFixed(bottom > 100 ? 0 : 1)}`
  if (value == 0) return `&lt; ${top.toFixed(5)}`
  if (bottom == top) return `${Number(value.toPrecision(4))} ± 0`
  const digits = decimals((top - bottom) / 2)
  const numbers = [value, value - bottom, top - value, (top - bottom) / 2]
  const [v, down, up, error] = numbers.map(x => rounded(x, digits))
  const symmetric = Math.abs(numbers[1] - numbers[2]) <= 0.25 * numbers[3]
  return symmetric ? `${v} ± ${error}` : `${v} +${up} −${down}`
}

function wilson(passed, total) {
  const e = passed / total, shrink = 1 + level ** 2 / total
  const centre = (e + level ** 2 / (2 * total)) / shrink
  const half = level / shrink * Math.sqrt(e * (1 - e) / total + (level / (2 * total)) ** 2)
  return [e, passed ? Math.max(centre - half, 0) : 0, passed < total ? centre + half : 1]
}

function inverse([e, bottom, top]) { return [1 / e, 1 / top, bottom ? 1 / bottom : Infinity] }

function matched(passed) { return passed ? top_scores[passed - 1] : Infinity }

function count(passes) { // jets passing: [top, QCD]
  const n = [0, 0]
  for (let i = 0; i < labels.length; i++) if (passes(i)) n[1 - labels[i]]++
  return n
}

const inside = i => mass[i] >= low && mass[i] <= high

function compare(passed) { // both at equal signal efficiency; see equal_efficiency.py
  const t = matched(passed), accepted = i => scores[i] >= t
  const n = count(inside)[1], m = count(accepted)[1]
  if (!n || !m) return null
  const both = count(i => inside(i) && accepted(i))[1]
  const differing = count(i => inside(i) != accepted(i))[0]
  const moved = Math.max(Math.round(Math.sqrt(differing)), 1)
  const [less, more] = [passed - moved, passed + moved].map(k => {
    const limit = matched(Math.min(Math.max(k, 1), tops))
    return Math.max(count(i => scores[i] >= limit)[1], 1)
  })
  const background = Math.sqrt(Math.max(1 / n + 1 / m - 2 * both / (n * m), 0))
  const error = Math.hypot(background, Math.log(more / less) / 2)
  const gain = [n / m, n / m * Math.exp(-error), n / m * Math.exp(error)]
  return {gain, sigmas: error ? Math.log(n / m) / error : 0}
}

function verdict(passed) {
  if (!passed) return words.empty
  const at = words.at.replace("{}", rounded(passed / tops, 2)), found = compare(passed)
  if (!found) return at + words.too_few
  const sigmas = Math.abs(found.sigmas)
  if (sigmas < 2) {
    return at + words.same.replace("{}", shown(found.gain)).replace("{}", rounded(sigmas, 1))
  }
  const network = found.gain[0] > 1, names = ["network", "window"]
  const ratio = network ? found.gain : [0, 2, 1].map(k => 1 / found.gain[k])
  const [better, worse] = network ? names : names.reverse()
  const chance = words.chance[sigmas < 3 ? 0 : sigmas < 5 ? 1 : 2]
  return at + [better, shown(ratio), worse, rounded(sigmas, 1), chance].reduce(
    (text, word) => text.replace("{}", word), words.better)
}

function row(name, [top, qcd]) {
  const s = wilson(top, tops), b = wilson(qcd, qcds)
  return [name, shown(s), shown(b), shown(inverse(b))]
}

const in_window = count(inside)
if (equal.active && cb_obj === cut && cut.value != cut.tags[0]) equal.active = false // by hand
if (equal.active) {
  cut.tags = [Math.min(Math.max(matched(in_window[0]), cut.start), cut.end)]
  if (cut.value != cut.tags[0]) { cut.value = cut.tags[0]; return } // which runs this again
}

const by_network = count(i => scores[i] >= cut.value)
const rejections = [in_window, by_network].map(n => inverse(wilson(n[1], qcds)))
shade.data = {left: [low], right: [high]}
accepted.data = {left: [cut.value], right: [cut.end]}
points.data = {
  ...points.data,
  x: [in_window[0] / tops, by_network[0] / tops],
  y: rejections.map(r => isFinite(r[0]) ? r[0] : r[1]),
  low: rejections.map(r => r[1]),
  high: rejections.map(r => isFinite(r[2]) ? r[2] : r[1]),
}
line.text = verdict(in_window[0])
const cells = [row(words.cut, in_window), row(words.network, by_network)]
board.text = cells.flat().reduce((text, cell) => text.replace("{}", cell), words.table)
