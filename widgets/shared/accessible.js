// Names and values for screen readers, which Panel's controls lack: the handle of a slider is called
// like the text above it, and says the value that is written there; a checkbox is called like the
// text beside it; a button of a group says whether it is pressed.
const visible_text = root => {
  const parts = [...root.children].filter(e => !["STYLE", "LINK"].includes(e.tagName))
  return parts.map(e => e.textContent).join(" ")
}
const title_of = slider => {
  const root = slider.getRootNode()
  const own = root.querySelector?.(".bk-slider-title")?.textContent
  const above = root.host?.previousElementSibling?.shadowRoot
  return (own || (above && visible_text(above)) || "").replace(/\s+/g, " ").trim()
}
const write = (element, name, value) => {
  if (element.getAttribute(name) != value) element.setAttribute(name, value)
}
const name_handles = slider => {
  const parts = title_of(slider).split(": ")
  const value = parts.pop()
  const name = parts.join(": ")
  const handles = slider.querySelectorAll(".noUi-handle")
  handles.forEach((handle, k) => {
    const ends = handles.length == 2 ? [", from", ", to"] : [""]
    write(handle, "aria-label", name + ends[k])
    const values = value.split(" .. ")
    write(handle, "aria-valuetext", values[k] ?? values[0])
  })
}
const name_box = box => { // the text of a checkbox is beside it, outside any label
  const text = box.nextElementSibling?.textContent
  if (text && !box.labels?.length) write(box, "aria-label", text.trim())
}
const say_pressed = button => {
  write(button, "aria-pressed", String(button.classList.contains("bk-active")))
}
const roots = new Set()
const options = {childList: true, subtree: true, characterData: true, attributes: true,
                 attributeFilter: ["aria-valuetext", "aria-label", "class"]}
const look = () => {
  for (const root of roots) {
    root.querySelectorAll(".noUi-target").forEach(name_handles)
    root.querySelectorAll("input[type=checkbox]").forEach(name_box)
    root.querySelectorAll(".bk-btn-group button").forEach(say_pressed)
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot && !roots.has(element.shadowRoot)) watch(element.shadowRoot)
    }
  }
}
let later = null
const watch = root => {
  roots.add(root) // a set that grows during the loop above is walked to its new end
  new MutationObserver(() => {
    clearTimeout(later)
    later = setTimeout(look, 30) // the text of a slider changes after its handle
  }).observe(root, options)
}
watch(document)
look()
