// Two faults of Panel 1.9 in notebooks, mended where its browser side sends changes to the kernel:
// - What the kernel wrote is sent back as if the user had done it. Two displays of one dashboard
//   then answer each other for ever, and a value that follows another one jumps back.
// - It waits up to five seconds for an answer to its last message. The first one, sent while cells
//   are still running, may never be answered: sliders seem dead. Half a second is enough.
const until = Date.now() + 60000
const mend = () => {
  let manager
  try { manager = window.Bokeh.Models.get("panel.models.comm_manager.CommManager") } catch {}
  if (!manager) { // the scripts are still loading
    if (Date.now() < until) setTimeout(mend, 50)
    return
  }
  const prototype = manager.prototype, send = prototype._document_changed
  if (!send || prototype.mended) return
  prototype.mended = true
  prototype._document_changed = function (event) {
    if (event.sync === false) return
    if (Date.now() > this._timeout - this.timeout + 500) this._blocked = false
    send.call(this, event)
  }
}
mend()
