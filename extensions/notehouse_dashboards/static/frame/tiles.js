// In the frame: each tile may be asked about, and keys that mean something to the page around reach it.

const outside = window.parent === window ? null : window.parent;
const ACTS = { explain: "Where does this come from?", comment: "Comment on this" };

function tool(cell, act, words) {
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: `nh-${act}`,
    title: words,
  });
  button.setAttribute("aria-label", words);
  button.addEventListener("click", () => outside.postMessage({ notehouse: "tile", act, tile: cell.dataset.tile }, "*"));
  return button;
}

/** Puts the tools on every tile that shows something, once. */
function furnish() {
  for (const cell of document.querySelectorAll(".nh-cell[data-tile]:not(:has(.nh-tools))")) {
    if (!cell.getClientRects().length) continue;
    const tools = Object.assign(document.createElement("span"), { className: "nh-tools" });
    for (const [act, words] of Object.entries(ACTS)) tools.append(tool(cell, act, words));
    cell.append(tools);
  }
}

/** Lets the page around, which knows who reads, say that there are tools. */
export function awaitTools() {
  if (!outside) return;
  addEventListener("message", ({ source, data }) => {
    if (source === outside && data?.tools) furnish();
  });
  document.addEventListener("keyup", ({ key, target, ctrlKey, metaKey, altKey, isTrusted }) => {
    if (
      !isTrusted ||
      ctrlKey ||
      metaKey ||
      altKey ||
      target.closest("input, select, textarea, [contenteditable], [tabindex]")
    )
      return;
    outside.postMessage({ notehouse: "key", key }, "*");
  });
}
