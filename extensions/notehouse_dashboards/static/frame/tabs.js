// Cells that name a tab are shown one tab at a time; without this script, and on paper, all of them are.

const cells = [...document.querySelectorAll(".nh-cell[data-tab]")];
const names = [...new Set(cells.map((cell) => cell.dataset.tab))];

function show(name, tabs, takeFocus) {
  for (const cell of cells) cell.classList.toggle("nh-off", cell.dataset.tab !== name);
  for (const tab of tabs) {
    const chosen = tab.textContent === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen && takeFocus) tab.focus();
  }
  window.dispatchEvent(new window.Event("resize")); // charts that fit their tile were drawn without any room
}

function moved({ key, target }, tabs) {
  const place = tabs.indexOf(target);
  const next = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[key];
  if (next !== undefined) show(names[(next + names.length) % names.length], tabs, true);
}

/** Puts a bar of tabs before the first cell that is on one. */
export function makeTabs() {
  if (names.length < 2) return;
  const bar = Object.assign(document.createElement("div"), { className: "nh-tabs", role: "tablist" });
  const tabs = names.map((name) => {
    const tab = Object.assign(document.createElement("button"), { type: "button", role: "tab", textContent: name });
    tab.addEventListener("click", () => show(name, tabs, false));
    tab.addEventListener("keydown", (event) => moved(event, tabs));
    return tab;
  });
  bar.append(...tabs);
  cells[0].before(bar);
  show(names[0], tabs, false);
}
