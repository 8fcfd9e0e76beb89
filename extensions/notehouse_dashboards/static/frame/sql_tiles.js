// Tiles that SQL alone answers: asked for by themselves, and drawn anew where they stand.

import { drawChart } from "./chart_tile.js";
import { drawTable } from "./table_tile.js";

const DRAW = { chart: drawChart, table: drawTable };

export class Tiles {
  /**
   * `plan`: {tiles: {id: {kind, filters}}, python: [filter]}, `address(id, query)` where the rows of a tile are,
   * `ask` the browser's own fetch, `token()` promises the page's token.
   */
  constructor({ plan, address, ask, token, tell }) {
    Object.assign(this, { plan, address, ask, token, tell });
    this.query = new URLSearchParams();
    this.round = 0;
  }

  /** The filters that no Python depends on: the snapshot leaves them as they were published. */
  get own() {
    const all = Object.values(this.plan.tiles).flatMap(({ filters }) => filters);
    return new Set(all.filter((name) => !this.plan.python.includes(name)));
  }

  /** Draws what the address chooses beyond what the snapshot shows. */
  begin(query) {
    this.query = query;
    const chosen = [...this.own].filter((name) => query.has(name));
    return this.#draw((tile) => tile.filters.some((name) => chosen.includes(name)));
  }

  /** Draws the tiles that hang on a filter which is another one now. */
  choose(query) {
    const before = this.query;
    const same = (name) => before.getAll(name).join("\n") === query.getAll(name).join("\n");
    this.query = query;
    return this.#draw((tile) => tile.filters.some((name) => !same(name)));
  }

  /** Draws all tiles from the rows of this moment. */
  refresh() {
    return this.#draw(() => true);
  }

  async #draw(wanted) {
    const mine = ++this.round;
    const chosen = Object.entries(this.plan.tiles).filter(([, tile]) => wanted(tile));
    if (!chosen.length) return;
    const token = await this.token();
    const drawn = await Promise.all(chosen.map(([id, tile]) => this.#one(id, tile, token)));
    if (mine === this.round) this.tell(drawn.filter(Boolean).sort()[0] ?? "");
  }

  /** Draws one tile and returns when its rows were read; a newer choice of the same tile wins. */
  async #one(id, tile, token) {
    const place = document.querySelector(`[data-tile="${CSS.escape(id)}"]`);
    if (!place) return "";
    const mine = (place.dataset.round = String(Number(place.dataset.round ?? 0) + 1));
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await this.ask(this.address(id, this.query, token));
      const told = await answer.json();
      if (place.dataset.round !== mine) return "";
      if (!answer.ok) throw new Error(told.error);
      say(place, told.truncated ? `Only the first ${told.rows.length.toLocaleString()} rows are shown.` : "");
      await DRAW[tile.kind](place, told, this.plan);
      place.dataset.freshAt = told.fresh_at;
      return told.fresh_at;
    } catch (error) {
      if (place.dataset.round === mine) say(place, error.message || "This part could not be updated.", true);
      return "";
    } finally {
      if (place.dataset.round === mine) place.removeAttribute("aria-busy");
    }
  }
}

/** Says something below a tile, or takes back what was said. */
function say(place, words, failed = false) {
  let told = place.querySelector(":scope > .nh-told");
  if (!told && !words) return;
  if (!told) {
    told = document.createElement("p");
    told.className = "nh-told";
    told.setAttribute("role", "status");
    place.append(told);
  }
  told.textContent = words;
  told.hidden = !words;
  place.toggleAttribute("data-failed", failed);
}
