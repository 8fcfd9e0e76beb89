// Stands for a kernel until one is needed: answers the front end from the widgets' state that the page carries.

import { compose } from "./wire.js";

const CONTROL = "jupyter.widget.control";
const INFO = {
  status: "ok",
  protocol_version: "5.3",
  implementation: "notehouse",
  implementation_version: "1",
  language_info: { name: "python", version: "3", mimetype: "text/x-python", file_extension: ".py" },
  banner: "",
  help_links: [],
};

export class SnapshotKernel {
  /** `models`: {model id: {model_name, model_module, model_module_version, state, buffers: [{path, data}]}} */
  constructor(models) {
    this.models = models;
    this.controls = new Set();
  }

  /** Tells whether only a real kernel can deal with this message: a widget that changed or was used. */
  needsKernel(message) {
    return this.isOfWidget(message) && ["update", "custom"].includes(message.content.data?.method);
  }

  /** Tells whether a message is to a widget, not one of the front end's questions about all of them. */
  isOfWidget({ header, content }) {
    return header.msg_type === "comm_msg" && !this.controls.has(content.comm_id);
  }

  /** Returns what a kernel would send in answer to `message`, in order. */
  answer(message) {
    const parent = message.header;
    const say = (channel, type, content, buffers) => compose(channel, type, content, { parent, buffers });
    const reply = this[message.header.msg_type];
    return [
      say("iopub", "status", { execution_state: "busy" }),
      ...(typeof reply === "function" ? reply.call(this, message.content, say) : []),
      say("iopub", "status", { execution_state: "idle" }),
    ];
  }

  kernel_info_request(_content, say) {
    return [say("shell", "kernel_info_reply", INFO)];
  }

  comm_info_request(_content, say) {
    const comms = Object.keys(this.models).map((id) => [id, { target_name: "jupyter.widget" }]);
    return [say("shell", "comm_info_reply", { status: "ok", comms: Object.fromEntries(comms) })];
  }

  comm_open({ comm_id: id, target_name: target }) {
    if (target === CONTROL) this.controls.add(id);
    return [];
  }

  comm_close({ comm_id: id }) {
    this.controls.delete(id);
    return [];
  }

  comm_msg({ comm_id: id, data }, say) {
    if (this.controls.has(id)) return data?.method === "request_states" ? [this.#allStates(id, say)] : [];
    if (data?.method === "request_state" && this.models[id]) return [this.#oneState(id, say)];
    return [];
  }

  #allStates(id, say) {
    const states = {};
    const paths = [];
    const buffers = [];
    for (const [modelId, { buffers: held = [], ...model }] of Object.entries(this.models)) {
      states[modelId] = model;
      for (const { path, data } of held) {
        paths.push([modelId, "state", ...path]);
        buffers.push(fromBase64(data));
      }
    }
    const data = { method: "update_states", states, buffer_paths: paths };
    return say("iopub", "comm_msg", { comm_id: id, data }, buffers);
  }

  #oneState(id, say) {
    const { state, buffers = [] } = this.models[id];
    const data = { method: "update", state, buffer_paths: buffers.map(({ path }) => path) };
    return say(
      "iopub",
      "comm_msg",
      { comm_id: id, data },
      buffers.map((held) => fromBase64(held.data)),
    );
  }
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
