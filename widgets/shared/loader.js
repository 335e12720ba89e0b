// Loads the scripts of Bokeh and Panel from the Jupyter server of this page, once for all cells.
async ({scripts, version}) => {
  const say = text => {
    for (const note of document.querySelectorAll(".hepml-loader")) {
      note.textContent = text
      note.hidden = !text
    }
  }
  const page = document.getElementById("jupyter-config-data")
  const base = page ? JSON.parse(page.textContent).baseUrl : document.body.dataset.baseUrl
  const folder = `${base ?? "/"}panel-preview/static/`
  window.hepml_panel = `${folder}extensions/panel/` // where displays find their style sheets
  const load = path => new Promise((done, fail) => {
    const script = document.createElement("script")
    script.onload = done
    script.onerror = () => fail(new Error(script.src))
    script.src = `${folder}${path}?v=${version}`
    document.head.append(script)
  })
  const load_all = async () => {
    if (window.Bokeh?.Panel && window.Bokeh.version == version) return
    for (const path of scripts) await load(path)
  }
  try {
    if (base == null) throw new Error("a page without a Jupyter server")
    window.hepml_scripts ??= load_all()
    await window.hepml_scripts
    say("")
  } catch (error) {
    window.hepml_scripts = undefined
    say(`The dashboards of this notebook cannot be drawn: their scripts are not there ` +
        `(${error.message}). Open the notebook in a JupyterLab that was installed together with ` +
        `the course. Elsewhere run: from widgets import setup; setup(inline=True). Then run the ` +
        `cells again.`)
  }
}
