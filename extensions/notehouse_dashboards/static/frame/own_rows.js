// Filters that a tile answers from its own rows: a small answer without them is kept here, and each choice picks from it.

const HOLDS = {
  is: (value, [wanted]) => value === wanted,
  among: (value, wanted) => wanted.includes(value),
  "among or any": (value, wanted) => !wanted.length || wanted.includes(value),
  within: (value, [low, high]) => low <= value && value <= high,
  ">=": (value, [end]) => value >= end,
  "<=": (value, [end]) => value <= end,
  ">": (value, [end]) => value > end,
  "<": (value, [end]) => value < end,
};
const ENDS = new Set(["within", ">=", "<=", ">", "<"]);

export class OwnRows {
  /** `plan`: {tiles, plain: {id: [{filter, column, op, all}]}, defaults: {filter: [text]}}, `ask(id, query)` promises an answer. */
  constructor(plan, ask) {
    Object.assign(this, { plan, ask, kept: new Map() });
  }

  /** Asks for the rows of all tiles that can pick among them; somebody is about to. */
  prepare(query) {
    return Promise.all(Object.keys(this.plan.plain ?? {}).map((id) => this.#fetch(id, query)));
  }

  /** Forgets rows that have changed, and asks anew for those that were in use. */
  forget(query) {
    const used = [...this.kept.keys()];
    this.kept.clear();
    return Promise.all(used.map((id) => this.#fetch(id, query)));
  }

  /** Returns what a tile answers with these filters, or nothing when the server has to say. */
  of(id, query) {
    const found = this.kept.get(id);
    if (!found?.answer || found.others !== this.#others(id, query)) return null;
    const { columns, rows } = found.answer;
    const tests = this.plan.plain[id].map((condition) => this.#test(condition, columns, query));
    if (tests.some((test) => !test)) return null;
    const picked = rows.filter((row) => tests.every((test) => test(row)));
    return { ...found.answer, rows: picked, total: picked.length, page: 1, whole: true };
  }

  async #fetch(id, query) {
    const others = this.#others(id, query);
    const known = this.kept.get(id);
    if (known?.others === others) return;
    const mine = { others, answer: null };
    this.kept.set(id, mine);
    const answer = await this.ask(id, query).catch(() => null);
    if (answer && !answer.truncated && fits(answer, this.plan.plain[id])) mine.answer = answer;
  }

  /** What is chosen in the filters that the server has to answer. */
  #others(id, query) {
    const plain = new Set(this.plan.plain[id].map(({ filter }) => filter));
    const others = this.plan.tiles[id].filters.filter((name) => !plain.has(name));
    return JSON.stringify(others.map((name) => this.#texts(name, query)));
  }

  #texts(name, query) {
    const texts = query.has(name) ? query.getAll(name) : this.plan.defaults[name];
    return (texts ?? []).filter((text, _, all) => text !== "" || all.length === 1);
  }

  #test({ filter, column, op, all }, columns, query) {
    const place = columns.findIndex(({ name }) => name === column);
    const read = reader(columns[place].type);
    let wanted = this.#texts(filter, query);
    if (op.startsWith("among")) wanted = wanted.filter((text) => text !== "");
    else if (op !== "within") wanted = wanted.slice(-1);
    if (op === "within" ? wanted.length !== 2 : !op.startsWith("among") && !wanted.length) return null;
    if (all !== null && wanted[0] === all) return () => true;
    const values = wanted.map(read);
    if (values.includes(null)) return null;
    const holds = HOLDS[op];
    return (row) => row[place] !== null && holds(read(String(row[place])), values);
  }
}

/** Says whether each column that is filtered by is of a kind that compares here as it does in the database. */
function fits({ columns, rows }, conditions) {
  return conditions.every(({ column, op }) => {
    const place = columns.findIndex(({ name }) => name === column);
    if (place < 0) return false;
    const type = bare(columns[place].type);
    if (/^U?Int(8|16|32|64)$/.test(type))
      return rows.every((row) => row[place] === null || Number.isSafeInteger(Number(row[place])));
    return type === "String" ? !ENDS.has(op) : /^Date(32)?$/.test(type) || (type === "Float64" && ENDS.has(op));
  });
}

const bare = (type) => type.replace(/^LowCardinality\((.*)\)$/, "$1").replace(/^Nullable\((.*)\)$/, "$1");

/** Returns what reads a value of a column: days and texts stay texts, which are in the order of what they say. */
function reader(type) {
  if (!/^(U?Int|Float)/.test(bare(type))) return (text) => text;
  return (text) => (text.trim() && Number.isFinite(Number(text)) ? Number(text) : null);
}
