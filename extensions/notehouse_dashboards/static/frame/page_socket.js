// What the front end gets for `WebSocket`: at first a kernel made of the page's own state, from the first touch
// on a real one. The front end notices nothing.

import { PROTOCOL, decode, encode } from "./wire.js";

/** Returns a WebSocket class whose every socket speaks for `snapshot`, and for `live` once a person acts. */
export function pageSocket({ snapshot, live, acted }) {
  return class PageSocket {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;

    constructor(url) {
      this.url = String(url);
      this.protocol = PROTOCOL;
      this.extensions = "";
      this.binaryType = "arraybuffer";
      this.bufferedAmount = 0;
      this.readyState = PageSocket.CONNECTING;
      this.onopen = this.onmessage = this.onerror = this.onclose = null;
      live.deliver = (frame) => this.#receive(frame);
      queueMicrotask(() => this.#open());
    }

    send(data) {
      const message = decode(data);
      if (snapshot.needsKernel(message)) {
        // Widgets also report changes of their own while they are drawn; those are no reason for a kernel.
        if (acted()) live.send(message);
        else this.#answer(message);
      } else if (live.state === "live" && snapshot.isOfWidget(message)) {
        live.send(message);
      } else {
        this.#answer(message);
      }
    }

    close() {
      if (this.readyState === PageSocket.CLOSED) return;
      this.readyState = PageSocket.CLOSED;
      live.close();
      this.onclose?.({ code: 1000, reason: "", wasClean: true });
    }

    addEventListener(name, listener) {
      this[`on${name}`] = listener;
    }

    removeEventListener(name) {
      this[`on${name}`] = null;
    }

    #open() {
      this.readyState = PageSocket.OPEN;
      this.onopen?.({ type: "open" });
    }

    #answer(message) {
      for (const reply of snapshot.answer(message)) this.#receive(encode(reply));
    }

    #receive(data) {
      queueMicrotask(() => this.readyState === PageSocket.OPEN && this.onmessage?.({ data }));
    }
  };
}
