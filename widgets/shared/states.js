// Shows the stored outputs of the state that the controls ask for.
// Arguments: controls; choices, the texts of each; models, which follow; states, for each state the
// place of each model's output; outputs, of each model. The last control varies fastest.
let place = 0
for (const [k, control] of controls.entries()) {
  const text = control.value ?? (control.active ? "yes" : "no") // a box has no value
  place = place * choices[k].length + choices[k].indexOf(text)
}
for (const [k, model] of models.entries()) {
  const output = outputs[k][states[place][k]]
  if (typeof output == "string") model.text = output
  else model.data = output
}
