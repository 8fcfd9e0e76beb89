// Tiles that Python makes, when their tables have changed: the server makes the page once more, and they are taken from it.

import { showRows } from "./tile_states.js";

const DRAWN_HERE = 'script[type="application/vnd.voila.cell-output+json"]'; // a widget, say: it lives, and stays

/** Takes such tiles from a newer page's text, and returns them; `plan.made` is from then on when that was made. */
export function takeOver(text, plan) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const { made } = JSON.parse(page.getElementById("notehouse-tiles")?.textContent ?? "{}");
  if (!made || made <= plan.made) return [];
  plan.made = made;
  const places = [...document.querySelectorAll(".nh-cell[data-tile]")];
  return places.filter((place) => !(place.dataset.tile in plan.tiles) && replace(place, page, made));
}

function replace(place, page, made) {
  const newer = page.querySelector(`[data-tile="${CSS.escape(place.dataset.tile)}"]`);
  const [before, after] = [place, newer].map((one) => one?.querySelector(":scope > .jp-Cell"));
  if (!before || !after || before.querySelector(DRAWN_HERE) || after.querySelector(DRAWN_HERE)) return false;
  before.replaceWith(document.importNode(after, true));
  place.dataset.freshAt = made;
  showRows(place);
  return true;
}
