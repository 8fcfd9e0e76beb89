// The filter bar and the address: what is not the default is in the address, and the other way round.

const valuesOf = (control) =>
  control.multiple ? [...control.selectedOptions].map(({ value }) => value) : [control.value];
const defaultsOf = (control) => control.dataset.default.split("\n").filter((text) => !control.multiple || text);

/** Returns the controls of a form by their name; a range has two. */
function controlsOf(form) {
  const found = new Map();
  for (const control of form.elements) {
    if (control.name) found.set(control.name, [...(found.get(control.name) ?? []), control]);
  }
  return found;
}

/** Returns the address's query for what a form of filters shows. */
export function readFilters(form) {
  const query = new URLSearchParams();
  for (const [name, controls] of controlsOf(form)) {
    const values = controls.flatMap(valuesOf);
    if (values.join("\n") === controls.flatMap(defaultsOf).join("\n")) continue;
    // An empty word says that nothing of several is chosen; without it, the default would be.
    for (const value of values.length ? values : [""]) query.append(name, value);
  }
  return query;
}

/** Makes a form of filters show what an address says. */
export function writeFilters(form, query) {
  for (const [name, controls] of controlsOf(form)) {
    const values = query.has(name) ? query.getAll(name) : controls.flatMap(defaultsOf);
    for (const [index, control] of controls.entries()) {
      if (control.multiple) {
        offer(control, [...[...control.options].map(({ value }) => value), ...values.filter(Boolean)]);
        for (const option of control.options) option.selected = values.includes(option.value);
      } else {
        const value = values[controls.length > 1 ? index : values.length - 1] ?? "";
        if ("choices" in control.dataset) offer(control, [...[...control.options].map((one) => one.value), value]);
        control.value = value;
      }
    }
  }
}

/** Says whether the two ends of each range are in order, in the browser's own words beside the control. */
export function checkEnds(form) {
  for (const [low, high] of controlsOf(form).values()) {
    if (!high) continue;
    const wrong = low.type === "date" ? low.value > high.value : Number(low.value) > Number(high.value);
    high.setCustomValidity(wrong ? "This end must not be before the other." : "");
  }
}

/** Gives a control these choices; those that are chosen stay so. */
function offer(control, choices) {
  const known = new Map([...control.options].map((option) => [option.value, option]));
  const wanted = [...new Set(choices.map(String))];
  if (wanted.length === known.size && wanted.every((value) => known.has(value))) return;
  const options = wanted.map((value) => known.get(value) ?? new Option(value, value));
  control.replaceChildren(...options);
}

/** Asks what the filters offer whose choices hang on others; true when a choice is not offered any more. */
export async function refreshChoices(form, place, headers) {
  const controls = [...form.querySelectorAll("[data-choices]")];
  const lost = await Promise.all(controls.map((control) => refreshOne(control, place, readFilters(form), headers)));
  return lost.some(Boolean);
}

async function refreshOne(control, place, query, headers) {
  const answer = await fetch(`${place}/choices/${control.name}?${query}`, { headers }).catch(() => null);
  if (!answer?.ok || !answer.headers.get("Content-Type")?.includes("json")) return false;
  const { choices } = await answer.json();
  const before = valuesOf(control);
  offer(control, choices);
  const kept = before.filter((value) => choices.map(String).includes(value));
  if (control.multiple) for (const option of control.options) option.selected = kept.includes(option.value);
  else if (kept.length) control.value = kept[0];
  return kept.length < before.length;
}
