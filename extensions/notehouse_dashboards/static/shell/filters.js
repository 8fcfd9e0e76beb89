// The filter bar and the address: what is not the default is in the address, and the other way round.

const valuesOf = (control) =>
  control.multiple ? [...control.selectedOptions].map(({ value }) => value) : [control.value];
const defaultsOf = (control) => control.dataset.default.split("\n").filter((text) => !control.multiple || text);
const controlsOf = (form) => [...form.elements].filter(({ name }) => name);

/** Returns the address's query for what a form of filters shows. */
export function readFilters(form) {
  const query = new URLSearchParams();
  for (const control of controlsOf(form)) {
    const values = valuesOf(control);
    if (values.join("\n") === defaultsOf(control).join("\n")) continue;
    // An empty word says that nothing of several is chosen; without it, the default would be.
    for (const value of values.length ? values : [""]) query.append(control.name, value);
  }
  return query;
}

/** Makes a form of filters show what an address says. */
export function writeFilters(form, query) {
  for (const control of controlsOf(form)) {
    const values = query.has(control.name) ? query.getAll(control.name) : defaultsOf(control);
    if (control.multiple) for (const option of control.options) option.selected = values.includes(option.value);
    else control.value = values.at(-1) ?? "";
  }
}
