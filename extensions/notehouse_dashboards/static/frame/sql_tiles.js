// Tiles that SQL alone answers: asked for by themselves, and drawn anew where they stand.

import { drawChart } from "./chart_tile.js";
import { OwnRows } from "./own_rows.js";
import { takeOver } from "./python_tiles.js";
import { drawTable, fromTheFirst, furnishTables, shownOf } from "./table_tile.js";
import { atWork, showFailure, showNothing, showRows, showStale } from "./tile_states.js";

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
    this.ownRows = new OwnRows(plan, async (id, query) => {
      const answer = await this.ask(this.address(id, query, await this.token(), { "tile.whole": "1" }));
      return answer.ok ? answer.json() : null;
    });
  }

  /** Makes ready for filters that are about to change. */
  soon() {
    return this.ownRows.prepare(this.query);
  }

  /** The filters that no Python depends on: the snapshot leaves them as they were published. */
  get own() {
    const all = Object.values(this.plan.tiles).flatMap(({ filters }) => filters);
    return new Set(all.filter((name) => !this.plan.python.includes(name)));
  }

  /** Makes the tables of the page usable, and draws what the address chooses beyond what the snapshot shows. */
  begin(query) {
    this.query = query;
    furnishTables(this.plan, (id) => this.again(id));
    const chosen = [...this.own].filter((name) => query.has(name));
    return this.#draw((tile) => tile.filters.some((name) => chosen.includes(name)));
  }

  /** Draws the tiles that hang on a filter which is another one now. */
  choose(query) {
    const before = this.query;
    const same = (name) => before.getAll(name).join("\n") === query.getAll(name).join("\n");
    this.query = query;
    const changed = (tile) => tile.filters.some((name) => !same(name));
    for (const [id, tile] of Object.entries(this.plan.tiles)) if (changed(tile)) fromTheFirst(placeOf(id));
    return this.#draw(changed);
  }

  /** Draws all tiles from the rows of this moment; those that Python makes say that they are of another. */
  refresh() {
    for (const place of document.querySelectorAll(".nh-cell[data-tile]")) {
      const shows = place.querySelector(".jp-OutputArea-output, .nh-first");
      if (shows && !(place.dataset.tile in this.plan.tiles)) showStale(place, this.plan.made);
    }
    this.ownRows.forget(this.query);
    return this.#draw(() => true);
  }

  /** Draws those that Python makes from the page that has been made of the rows of this moment. */
  async renew() {
    const answer = await this.ask(this.address("~page", this.query, await this.token()));
    if (!answer.ok) return;
    furnishTables(this.plan, (id) => this.again(id), takeOver(await answer.text(), this.plan));
  }

  /** Draws one tile once more. */
  again(id) {
    return this.#draw((tile) => tile === this.plan.tiles[id]);
  }

  async #draw(wanted) {
    const mine = ++this.round;
    const chosen = Object.entries(this.plan.tiles).filter(([, tile]) => wanted(tile));
    if (!chosen.length) return;
    const here = new Map(chosen.map(([id]) => [id, this.ownRows.of(id, this.query)]));
    const token = [...here.values()].every(Boolean) ? "" : await this.token();
    const drawn = await Promise.all(chosen.map(([id, tile]) => this.#one(id, tile, token, here.get(id))));
    if (mine === this.round) this.tell(drawn.filter(Boolean).sort()[0] ?? "");
  }

  async #asked(id, token, place) {
    const answer = await this.ask(this.address(id, this.query, token, shownOf(place)));
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told;
  }

  /** Draws one tile and returns when its rows were read; a newer choice of the same tile wins. */
  async #one(id, tile, token, here) {
    const place = placeOf(id);
    if (!place) return "";
    const mine = (place.dataset.round = String(Number(place.dataset.round ?? 0) + 1));
    atWork(place, !here);
    try {
      const told = here ?? (await this.#asked(id, token, place));
      if (place.dataset.round !== mine) return "";
      place.dataset.freshAt = told.fresh_at;
      const some = told.rows.length || shownOf(place)["table.search"];
      if (some) showRows(place, cut(told)); // first, since a chart fits itself into the room that it has
      await DRAW[tile.kind](place, told, this.plan);
      if (!some) showNothing(place, tile.filters.length);
      return told.fresh_at;
    } catch (error) {
      if (place.dataset.round === mine) showFailure(place, inWords(error), () => this.again(id));
      return "";
    } finally {
      if (place.dataset.round === mine) atWork(place, false);
    }
  }
}

function placeOf(id) {
  return document.querySelector(`[data-tile="${CSS.escape(id)}"]`);
}

function cut({ truncated, rows }) {
  return truncated ? `Only the first ${rows.length.toLocaleString()} rows are shown.` : "";
}

/** A browser says "Failed to fetch" in words of its own, which tell a reader nothing. */
function inWords(error) {
  return error instanceof TypeError ? "The server does not answer now." : error.message;
}
