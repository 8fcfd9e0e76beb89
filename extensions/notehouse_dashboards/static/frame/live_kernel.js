// The connection to a real kernel of this page: opened on the first touch, kept while it is used.

import { PROTOCOL, compose, decode, encode } from "./wire.js";

const TOKEN_PROTOCOL = "notehouse.token.";
const RETRIES = [1000, 3000, 8000]; // milliseconds before each new try, for losses while someone is at work
const AT_WORK = 120_000; // milliseconds since the last touch
const NO_RETRY = new Set([4400, 4401, 4403, 4404, 4408, 4429]); // the server's own reasons; see live/sockets.py
const SYNC = "notehouse-sync";
const MOST_BYTES = 8 * 2 ** 20; // of files in one message; see live/uploads.py
const TOO_LARGE = "These files were not sent. It takes at most 8 MB together.";

export class LiveKernel {
  /**
   * `open(address, protocols)` makes a socket, `token()` promises the token; `deliver(frame)` takes what the kernel says,
   * `tell(state, detail)` what a person should know; `models` is the state the page was made with.
   */
  constructor({ address, token, open, tell, models }) {
    Object.assign(this, { address, token, open, tell, models });
    this.deliver = () => {};
    this.state = "snapshot";
    this.waiting = []; // messages of people that no kernel has had yet
    this.changes = new Map(); // model id -> what was changed on it, to bring a new kernel to the same point
    this.files = new Map(); // the same for files, with the message that brought them
    this.tries = 0;
  }

  /** Sends a message to the kernel, starting or finding one first where there is none. */
  send(message) {
    this.touched = Date.now();
    if (message.buffers.reduce((sum, one) => sum + one.byteLength, 0) > MOST_BYTES) {
      this.#refuse(message);
      return;
    }
    this.#remember(message);
    if (this.state === "live") {
      this.socket.send(encode(message));
      return;
    }
    this.waiting.push(message);
    if (this.state !== "starting") {
      this.tries = 0;
      this.#connect();
    }
  }

  close() {
    this.state = "closed";
    this.socket?.close();
  }

  async #connect() {
    this.#become("starting", "");
    try {
      this.socket = this.open(this.address, [PROTOCOL, TOKEN_PROTOCOL + (await this.token())]);
    } catch {
      this.#lost({ code: 4000, reason: "" });
      return;
    }
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => (typeof data === "string" ? this.#told(JSON.parse(data)) : this.#said(data));
    this.socket.onclose = (event) => this.#lost(event);
  }

  /** The server's own words: how far the start is, and that the kernel is ready. */
  #told({ state, detail }) {
    if (state !== "ready") {
      this.tell(state, detail);
      return;
    }
    this.socket.send(
      encode(compose("shell", "comm_open", { comm_id: SYNC, target_name: "jupyter.widget.control", data: {} })),
    );
    this.socket.send(encode(compose("shell", "comm_msg", { comm_id: SYNC, data: { method: "request_states" } })));
  }

  #said(frame) {
    const message = decode(frame);
    if (message.content?.comm_id === SYNC) {
      if (message.content.data?.method === "update_states") this.#ready(message);
      return;
    }
    const { failed, told } = message.metadata?.notehouse ?? {};
    if (failed) this.tell("failed", told ?? message.content.text);
    this.deliver(frame);
  }

  /** Brings page and kernel to the same state: what is newer in the kernel, then what the person changed. */
  #ready(message) {
    const { states, buffer_paths: paths = [] } = message.content.data;
    if (Object.keys(this.models).some((id) => !states[id])) {
      this.tell("stale", "");
    }
    const binary = new Set(paths.map(([id]) => id));
    for (const [id, { state }] of Object.entries(states)) {
      if (this.models[id] && !binary.has(id)) this.#refresh(id, state);
    }
    this.socket.send(encode(compose("shell", "comm_close", { comm_id: SYNC, data: {} })));
    this.#become("live", "");
    this.tries = 0;
    this.#replay();
  }

  #refresh(id, state) {
    const known = this.models[id].state;
    const newer = Object.entries(state).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(known[key]));
    if (!newer.length) return;
    const update = Object.fromEntries(newer);
    Object.assign(known, update);
    const mine = this.changes.get(id) ?? {};
    const shown = Object.fromEntries(newer.filter(([key]) => !(key in mine)));
    const content = { comm_id: id, data: { method: "update", state: shown, buffer_paths: [] } };
    if (Object.keys(shown).length) this.deliver(encode(compose("iopub", "comm_msg", content)));
  }

  #replay() {
    const waiting = this.waiting.splice(0);
    const fresh = new Set(waiting.map(({ content }) => content.comm_id));
    for (const [id, state] of this.changes) {
      const content = { comm_id: id, data: { method: "update", state, buffer_paths: [] } };
      if (!fresh.has(id)) this.socket.send(encode(compose("shell", "comm_msg", content)));
    }
    for (const [id, message] of this.files) if (!fresh.has(id)) this.socket.send(encode(message));
    for (const message of waiting) this.socket.send(encode(message));
  }

  #remember(message) {
    const { content, buffers } = message;
    if (content.data?.method !== "update") return;
    this.files.delete(content.comm_id);
    if (buffers.length) {
      this.files.set(content.comm_id, message);
      return;
    }
    this.changes.set(content.comm_id, { ...this.changes.get(content.comm_id), ...content.data.state });
  }

  /** Has an upload show that it has no files: nothing that large gets through. */
  #refuse({ content }) {
    const data = { method: "update", state: { value: [] }, buffer_paths: [] };
    this.deliver(encode(compose("iopub", "comm_msg", { comm_id: content.comm_id, data })));
    this.tell("failed", TOO_LARGE);
  }

  #lost({ code, reason }) {
    if (this.state === "closed") return;
    const retry = !NO_RETRY.has(code) && this.tries < RETRIES.length && Date.now() - this.touched < AT_WORK;
    if (!retry) {
      this.#become(code === 4408 ? "paused" : "lost", reason);
      return;
    }
    this.#become("waiting", "");
    const pause = RETRIES[this.tries] * (0.75 + Math.random() / 2);
    this.tries += 1;
    setTimeout(() => this.state === "waiting" && this.#connect(), pause);
  }

  #become(state, detail) {
    this.state = state;
    this.tell(state, detail);
  }
}
