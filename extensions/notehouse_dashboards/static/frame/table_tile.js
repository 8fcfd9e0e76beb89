// A table in its tile: sorted by its heads, searched, a page at a time. What is here whole is turned here; what is not,
// the database sorts, searches and cuts.

import { holding, inOrder, readAnswer, readTable } from "./table_rows.js";
import { showNothing } from "./tile_states.js";

const PAGE = 50; // rows, as the server cuts them
const FEW = 10; // rows that need no search
const PAUSE = 250; // milliseconds after the last letter of a word
const known = new WeakMap();

/** Makes the tables of a page, or of some of its tiles, usable; `ask(id)` draws a tile of `plan` anew. */
export function furnishTables(plan, ask, places = document.querySelectorAll(".nh-cell[data-tile]")) {
  for (const place of places) {
    const id = place.dataset.tile;
    const more = plan.tiles[id]?.kind === "table" ? () => ask(id) : null;
    for (const table of place.querySelectorAll(".jp-OutputArea-output table.dataframe")) {
      const held = readTable(table);
      if (!held) continue;
      const total = held.cut >= 0 ? sizeIn(table) : held.rows.length;
      const one = new Table(table, more);
      if (more) known.set(place, one);
      one.hold(held.columns, held.rows, total);
      if (held.cut >= 0 && more) whenSeen(place, more);
      if (!total && place.querySelectorAll(".jp-OutputArea-output").length === 1) showNothing(place, hasFilters(plan));
    }
  }
}

/** Draws a tile's table with other rows. */
export function drawTable(place, answer) {
  if (!known.has(place)) known.set(place, new Table(made(place), null));
  known.get(place).take(answer);
}

/** Returns what a tile's table shows, for who asks the server for it. */
export function shownOf(place) {
  return known.get(place)?.query ?? {};
}

/** Begins at the first page, as other filters do. */
export function fromTheFirst(place) {
  if (known.has(place)) known.get(place).page = 1;
}

class Table {
  /** `ask()` has the server answer what `query` says; without it all rows there will ever be are held. */
  constructor(table, ask) {
    Object.assign(this, { table, ask, columns: [], rows: [], total: 0, sort: -1, descending: false, page: 1 });
    this.word = "";
    this.whole = true; // what is held is all there is, as far as this page can know
    this.around();
  }

  get query() {
    if (this.whole) return {};
    const sort = this.columns[this.sort]?.name;
    return {
      ...(sort && { "table.sort": sort, "table.descending": this.descending ? "1" : "0" }),
      ...(this.word && { "table.search": this.word }),
      ...((sort || this.word || this.page > 1) && { "table.page": String(this.page) }),
    };
  }

  hold(columns, rows, total) {
    Object.assign(this, { columns, rows, total, held: rows.length });
    this.whole = !this.ask || rows.length === total;
    this.draw();
  }

  /** Takes what the server answered; a column that was sorted by stays so as long as there is one of its name. */
  take(answer) {
    const sort = this.columns[this.sort]?.name;
    this.columns = answer.columns;
    this.sort = answer.columns.findIndex(({ name }) => name === sort);
    this.whole = answer.whole ?? true;
    this.rows = readAnswer(answer, PAGE);
    this.total = this.held = answer.total ?? this.rows.length;
    if (!this.whole) this.page = answer.page;
    this.draw();
  }

  change(what) {
    Object.assign(this, { page: 1, ...what });
    if (this.whole) this.draw();
    else this.ask();
  }

  /** The rows that stand on this page, and how many there are on all. */
  chosen() {
    if (!this.whole) return [this.rows, this.total];
    let rows = this.word ? holding(this.rows, this.word) : this.rows;
    if (this.sort >= 0) rows = inOrder(rows, this.columns[this.sort], this.sort, this.descending);
    this.page = Math.max(1, Math.min(this.page, Math.ceil(rows.length / PAGE)));
    return [rows.slice((this.page - 1) * PAGE, this.page * PAGE), rows.length];
  }

  draw() {
    const [rows, total] = this.chosen();
    const focused = this.table.tHead?.contains(document.activeElement)
      ? [...this.table.tHead.rows[0].cells].indexOf(document.activeElement.closest("th"))
      : -1;
    const labelled = !rows.length || rows[0].label !== null;
    const body = document.createElement("tbody");
    for (const { label, values } of rows) body.append(line(labelled ? [label, ...values] : values, labelled));
    const head = document.createElement("thead");
    head.append(this.headLine(labelled));
    this.table.replaceChildren(head, body);
    head.rows[0].cells[focused]?.querySelector("button")?.focus();
    this.tell(rows.length, total);
  }

  /** Sorts by a column, by the one that is sorted by already the other way round. */
  sortBy(place) {
    this.change({ sort: place, descending: place === this.sort && !this.descending });
  }

  headLine(labelled) {
    const row = document.createElement("tr");
    if (labelled) row.append(document.createElement("th"));
    for (const [place, { name }] of this.columns.entries()) {
      const cell = Object.assign(document.createElement("th"), { scope: "col" });
      const button = Object.assign(document.createElement("button"), { type: "button", className: "nh-sort" });
      button.textContent = name;
      const mine = place === this.sort;
      cell.ariaSort = mine ? (this.descending ? "descending" : "ascending") : "none";
      button.addEventListener("click", () => this.sortBy(place));
      cell.append(button);
      row.append(cell);
    }
    return row;
  }

  /** Says how much of the table is here, and offers what is of use for that much. */
  tell(shown, total) {
    const first = (this.page - 1) * PAGE;
    const pages = Math.ceil(total / PAGE);
    const cut =
      this.whole && this.total > this.held
        ? ` The notebook kept ${count(this.held)} of ${count(this.total)} rows.`
        : "";
    this.search.hidden = this.held <= FEW && !this.word && this.whole;
    this.turn.hidden = pages < 2;
    this.back.disabled = this.page <= 1;
    this.on.disabled = this.page >= pages;
    const found = this.word && !total ? `Nothing in this table has “${this.word}” in it.` : "";
    const range = pages > 1 ? `${count(first + 1)}–${count(first + shown)} of ${count(total)}` : "";
    const size = this.word || cut ? `${count(total)} ${total === 1 ? "row" : "rows"}` : "";
    this.size.textContent = (found || range || size) + cut;
    this.below.hidden = !this.size.textContent;
  }

  /** Puts the search above the table and the pages below; on a narrow page only the table itself moves sideways. */
  around() {
    const words = this.table.closest(".nh-cell")?.querySelector(".nh-title")?.textContent ?? "table";
    this.search = Object.assign(document.createElement("input"), { type: "search", placeholder: "Search" });
    this.search.className = "nh-search";
    this.search.ariaLabel = `Search ${words}`;
    let soon = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(soon);
      soon = setTimeout(() => this.change({ word: this.search.value.trim() }), PAUSE);
    });
    this.back = turner("‹", "Page before", () => this.change({ page: this.page - 1 }));
    this.on = turner("›", "Next page", () => this.change({ page: this.page + 1 }));
    this.turn = document.createElement("nav");
    this.turn.ariaLabel = `Pages of ${words}`;
    this.turn.append(this.back, this.on);
    this.size = document.createElement("span");
    this.size.setAttribute("role", "status");
    this.below = Object.assign(document.createElement("div"), { className: "nh-pages" });
    this.below.append(this.size, this.turn);
    const wide = Object.assign(document.createElement("div"), { className: "nh-wide", tabIndex: 0 });
    wide.setAttribute("role", "region");
    wide.ariaLabel = words;
    this.table.parentElement?.querySelector(":scope > p")?.remove(); // the notebook's own line of its size
    this.table.replaceWith(wide);
    wide.append(this.table);
    wide.before(this.search);
    wide.after(this.below);
  }
}

function hasFilters({ tiles, python }) {
  return python.length > 0 || Object.values(tiles).some(({ filters }) => filters.length);
}

function made(place) {
  const table = document.createElement("table");
  table.className = "dataframe";
  (place.querySelector(".jp-OutputArea-output") ?? place).replaceChildren(table);
  return table;
}

function turner(sign, words, act) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign });
  button.ariaLabel = words;
  button.addEventListener("click", act);
  return button;
}

function line(texts, labelled) {
  const row = document.createElement("tr");
  for (const [index, text] of texts.entries()) {
    const cell = document.createElement(labelled && !index ? "th" : "td");
    cell.textContent = text;
    row.append(cell);
  }
  return row;
}

/** Returns the number of rows that the notebook says below a table it has cut. */
function sizeIn(table) {
  const words = table.parentElement.querySelector(":scope > p")?.textContent ?? "";
  return Number(/^\s*([\d,]+) rows/.exec(words)?.[1].replaceAll(",", "")) || table.tBodies[0].rows.length;
}

function whenSeen(place, act) {
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    seen.disconnect();
    act();
  });
  seen.observe(place);
}

const count = (number) => number.toLocaleString();
