// Three faults of Panel 1.9 in notebooks, mended where its browser side sends changes to the kernel:
// - What the kernel wrote is sent back as if the user had done it. Two displays of one dashboard
//   then answer each other for ever, and a value that follows another one jumps back.
// - It waits up to five seconds for an answer to its last message. The first one, sent while cells
//   are still running, may never be answered: sliders seem dead. Half a second is enough.
// - After a restart of the kernel nothing answers, and Panel does not say so. Here a note does, until
//   the kernel answers.
const PATIENCE = 5000 // ms
const SILENT = "The kernel does not answer. If it is computing, wait. If it was restarted, " +
  "this dashboard is dead: run its cells again."
const unsay = manager => {
  clearTimeout(manager.silence)
  manager.note?.remove()
}
const say = manager => {
  unsay(manager)
  manager.note = document.createElement("p")
  manager.note.setAttribute("role", "alert")
  manager.note.style.cssText = "border: 2px solid #e69f00; padding: 6px 12px; font-size: 16px"
  manager.note.textContent = SILENT
  document.getElementById(manager.plot_id)?.prepend(manager.note)
}
const answered = (prototype, name) => { // the kernel lives: it called this function
  const receive = prototype[name]
  prototype[name] = function (message) {
    unsay(this)
    receive.call(this, message)
  }
}
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
  const process = prototype.process_events
  prototype.process_events = function () {
    clearTimeout(this.silence)
    // the first message is about sizes, not from the reader, and may get lost while cells run
    if (this.asked) this.silence = setTimeout(() => say(this), PATIENCE)
    this.asked = true
    process.call(this)
  }
  answered(prototype, "on_ack")
  answered(prototype, "msg_handler")
}
mend()
