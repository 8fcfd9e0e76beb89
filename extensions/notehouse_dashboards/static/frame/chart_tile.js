// A chart of Vega-Lite in its tile, with rows that came by themselves.

const views = new WeakMap();
let loading;

/** Loads Vega, once, when somebody is about to need it. */
export function loadVega({ vega }) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { type: "module", src: vega, crossOrigin: "anonymous" });
    script.onload = () => resolve(window.vegaEmbed);
    script.onerror = () => {
      loading = undefined;
      reject(new Error("Charts cannot be drawn now: a part of this page did not load."));
    };
    document.head.append(script);
  });
  return loading;
}

/** Draws a tile's chart with other rows; where it was drawn before, only its data changes. */
export async function drawChart(place, { columns, rows }, plan) {
  const spec = JSON.parse(place.querySelector('script[type="application/vnd.notehouse.chart+json"]').textContent);
  const values = rows.map((row) =>
    Object.fromEntries(columns.map((column, i) => [column.name, plain(column, row[i])])),
  );
  const known = views.get(place);
  if (known) {
    await known.data(spec.data.name, values).resize().runAsync();
    return;
  }
  const embed = await loadVega(plan);
  const holder = document.createElement("div");
  const embedded = { ...spec, datasets: { [spec.data.name]: values } };
  const { view } = await embed(holder, embedded, { actions: false, renderer: "svg", loader: NOTHING });
  views.set(place, view);
  holder.className = "nh-redrawn jp-RenderedSVG";
  const first = place.querySelector(".jp-OutputArea-output, .nh-first");
  holder.style.setProperty("--natural", `${holder.querySelector("svg").getAttribute("width")}px`);
  first.replaceChildren(holder);
}

// A chart has its rows; whatever else a specification names is not fetched.
const NOTHING = {
  load: () => Promise.reject(new Error("not loaded")),
  sanitize: () => Promise.reject(new Error("no")),
};

/** Returns a value as Altair would have given it: whole numbers as numbers, moments in the wall clock of their zone. */
function plain({ type }, value) {
  if (value === null || typeof value !== "string") return value;
  const bare = type.replace(/^(LowCardinality|Nullable)\(/g, "").replace(/^Nullable\(/, "");
  if (/^(U?Int|Float|Decimal|BFloat)/.test(bare)) return Number(value);
  if (bare.startsWith("DateTime")) return value.replace(" ", "T");
  if (bare.startsWith("Date")) return `${value}T00:00:00`;
  return value;
}
