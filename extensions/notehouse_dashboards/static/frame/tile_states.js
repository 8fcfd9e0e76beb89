// What a tile says of itself: that it is at work, has nothing to show, could not be made, or is of another moment.

const NOTHING = "Nothing to show.";

/** Has a tile say that it is being made anew, or no more. */
export function atWork(place, busy) {
  place.toggleAttribute("data-loading", busy);
  if (busy) place.setAttribute("aria-busy", "true");
  else place.removeAttribute("aria-busy");
}

/** Has a tile show its rows again; `words` may say something of them. */
export function showRows(place, words = "") {
  state(place, "", words);
}

/** Has a tile say that there are no rows, and what to do. */
export function showNothing(place, filters) {
  const todo = filters ? "Choose other filters above." : "Rows appear here as soon as there are some.";
  state(place, "empty", `${NOTHING} ${todo}`);
}

/** Has a tile say what went wrong; what it showed stays, with the moment it is from, and `again` tries once more. */
export function showFailure(place, words, again) {
  const told = state(place, "failed", words || "This part could not be updated.");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Try again" });
  button.addEventListener("click", again);
  told.append(" ", button);
  stamp(place);
}

/** Has a tile say that its tables have changed since it was made. */
export function showStale(place, made) {
  place.dataset.freshAt ??= made;
  state(place, "stale", "");
  stamp(place);
}

/** Writes the moment that a tile's rows are from. */
function stamp(place) {
  const at = new Date(place.dataset.freshAt ?? "");
  if (Number.isNaN(at.getTime())) return;
  const told = below(place);
  const time = Object.assign(document.createElement("time"), { dateTime: at.toISOString() });
  time.textContent = at.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  told.append(told.textContent ? " " : "", "Shown is data from ", time, ".");
  told.hidden = false;
}

function state(place, name, words) {
  if (name) place.dataset.state = name;
  else delete place.dataset.state;
  const told = below(place, Boolean(words));
  if (!told) return told;
  told.textContent = words;
  told.hidden = !words;
  return told;
}

function below(place, wanted = true) {
  const found = place.querySelector(":scope > .nh-told");
  if (found || !wanted) return found;
  const told = Object.assign(document.createElement("p"), { className: "nh-told" });
  told.setAttribute("role", "status");
  place.append(told);
  return told;
}
