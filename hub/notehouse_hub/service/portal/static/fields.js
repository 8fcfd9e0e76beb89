// What a form's fields hold, as the API wants it.

/** What a field holds, as the API wants it; undefined to leave it out. */
function valueOf(field) {
  const text = field.value;
  if (field.type === "checkbox") return field.checked;
  if (text === "" && "omit" in field.dataset) return undefined;
  if (text === "" && ("optional" in field.dataset || field.type === "number")) return null;
  if (field.type === "number") return Number(text);
  const read = { attributes: attributesOf, words: wordsOf, json: JSON.parse }[field.dataset.as];
  return read ? read(text) : text;
}

/** A form's fields as an object: dots in a name nest, fields with data-list come as a list of those ticked. */
export function contentOf(form) {
  const content = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || field.name === "_xsrf" || (field.type === "radio" && !field.checked)) continue;
    const path = field.name.split(".");
    const last = path.pop();
    if ("list" in field.dataset) {
      content[last] ??= [];
      if (field.checked) content[last].push(field.value);
      continue;
    }
    const value = valueOf(field);
    if (value === undefined) continue;
    path.reduce((place, name) => (place[name] ??= {}), content)[last] = value;
  }
  return content;
}

export function wordsOf(text) {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

/** `name = value` a line; several values with commas; what is JSON is read as that. */
export function attributesOf(text) {
  const found = {};
  for (const line of text.split("\n").filter((one) => one.trim())) {
    const [, name, value] = line.match(/^\s*([a-z][a-z0-9_]*)\s*=\s*(.*?)\s*$/) ?? [];
    if (!name) throw new Error(`“${line.trim()}” is not of the form name = value.`);
    found[name] = attribute(value);
  }
  return found;
}

function attribute(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text.includes(",") ? wordsOf(text) : text;
  }
}
