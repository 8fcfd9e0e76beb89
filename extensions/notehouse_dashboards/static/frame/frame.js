// Runs first in the frame that holds a dashboard: prepares the page for Voilà's front end.

import { loadVega } from "./chart_tile.js";
import { loadFrontEnd } from "./front_end.js";
import { LiveKernel } from "./live_kernel.js";
import { pageSocket } from "./page_socket.js";
import { oncePainted } from "./painted.js";
import { tellHeight } from "./printed.js";
import { SnapshotKernel } from "./snapshot_kernel.js";
import { Tiles } from "./sql_tiles.js";
import { makeTabs } from "./tabs.js";
import { awaitTools } from "./tiles.js";

const STATES = "application/vnd.jupyter.widget-state+json";
const parameters = new URLSearchParams(location.search);
const outside = window.parent === window ? null : window.parent;
const kernelId = read("jupyter-config-data").kernelId;
const models = readModels();
let lastAct = 0;
let token = parameters.get("token") ?? "";

function read(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function readModels() {
  const holder = document.querySelector(`script[type="${STATES}"]`);
  return holder ? JSON.parse(holder.textContent).state : {};
}

function tell(state, detail = "") {
  document.documentElement.dataset.kernel = state;
  outside?.postMessage({ notehouse: "state", state, detail }, "*");
}

/** Returns the page's token; when it is old, one that the page around this frame asks for. */
function freshToken() {
  const { exp = 0 } = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  if (exp * 1000 > Date.now() + 60_000 || !outside) return Promise.resolve(token);
  outside.postMessage({ notehouse: "token" }, "*");
  return new Promise((resolve, reject) => {
    setTimeout(reject, 10_000);
    addEventListener("message", ({ source, data }) => {
      if (source !== outside || typeof data?.token !== "string") return;
      token = data.token;
      resolve(token);
    });
  });
}

function liveAddress() {
  const url = new URL(`live/api/kernels/${kernelId}/channels`, location.href);
  url.protocol = location.protocol.replace("http", "ws");
  const chosen = new URLSearchParams(parameters);
  chosen.delete("token");
  url.search = chosen.toString();
  return url.href;
}

/** What the front end asks for over HTTP; only the kernel's model matters to it. */
async function answerRequest(input) {
  const path = new URL(input instanceof Request ? input.url : input, location.href).pathname;
  const known = path.endsWith(`/api/kernels/${kernelId}`);
  const lists = /\/api\/(kernels|sessions|terminals)$/.test(path);
  const model = {
    id: kernelId,
    name: "notehouse",
    execution_state: "idle",
    connections: 1,
    last_activity: new Date().toISOString(),
  };
  const body = known ? model : lists ? [] : { message: "There is nothing here." };
  return new Response(JSON.stringify(body), {
    status: known || lists ? 200 : 404,
    headers: { "Content-Type": "application/json" },
  });
}

function tileAddress(id, query, tokenNow, shown = {}) {
  const url = new URL(`tiles/${encodeURIComponent(id)}`, location.href); // of a tile, or of the whole page
  const chosen = new URLSearchParams(query);
  for (const [name, value] of Object.entries(shown)) chosen.set(name, value);
  chosen.set("token", tokenNow);
  url.search = chosen.toString();
  return url.href;
}

/** Draws what SQL alone answers, and follows the page around: other filters, other rows. */
function followFilters(ask) {
  const known = document.getElementById("notehouse-tiles");
  const plan = known ? JSON.parse(known.textContent) : { tiles: {}, python: [] };
  const tell = (freshAt) => freshAt && outside?.postMessage({ notehouse: "fresh", at: freshAt }, "*");
  const tiles = new Tiles({ plan, address: tileAddress, ask, token: freshToken, tell });
  const acts = {
    filters: ({ query }) => tiles.choose(new URLSearchParams(query)),
    refresh: () => tiles.refresh(),
    renewed: () => tiles.renew(),
    soon: () => {
      tiles.soon();
      if (Object.values(plan.tiles).some(({ kind }) => kind === "chart")) loadVega(plan).catch(() => {});
    },
  };
  addEventListener("message", ({ source, data }) => source === outside && acts[data?.notehouse]?.(data));
  const chosen = new URLSearchParams(parameters);
  chosen.delete("token");
  tiles.begin(chosen);
  outside?.postMessage({ notehouse: "tiles", own: [...tiles.own] }, "*");
}

function watchActs() {
  const acted = (event) => {
    if (event.isTrusted) lastAct = Date.now();
  };
  for (const name of ["pointerdown", "keydown", "input", "wheel", "touchstart", "change", "drop"]) {
    addEventListener(name, acted, { capture: true, passive: true });
  }
}

function prepare() {
  const RealWebSocket = window.WebSocket;
  const open = (address, protocols) => new RealWebSocket(address, protocols);
  const live = new LiveKernel({ address: liveAddress(), token: freshToken, open, tell, models });
  const snapshot = new SnapshotKernel(structuredClone(models));
  window.WebSocket = pageSocket({ snapshot, live, acted: () => lastAct > 0 });
  const realFetch = window.fetch.bind(window);
  window.fetch = answerRequest;
  navigator.sendBeacon = () => true;
  // A page of opaque origin has no cookies and no storage; reading them throws, and front ends do not expect it.
  Object.defineProperty(document, "cookie", { get: () => "", set: () => {} });
  // What a page can send past its content policy.
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport"]) delete window[name];
  watchActs();
  makeTabs();
  oncePainted(() => {
    awaitTools();
    tell("snapshot");
    followFilters(realFetch);
    loadFrontEnd(outside);
    tellHeight(outside);
  });
}

prepare();
