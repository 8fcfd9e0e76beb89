// Reads and writes kernel messages in Jupyter's binary websocket protocol.

export const PROTOCOL = "v1.kernel.websocket.jupyter.org";

const WORD = 8; // bytes of one offset
const JSON_PARTS = ["header", "parent_header", "metadata", "content"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the frame (an ArrayBuffer) of a message. */
export function encode(message) {
  const parts = [
    encoder.encode(message.channel),
    ...JSON_PARTS.map((name) => encoder.encode(JSON.stringify(message[name] ?? {}))),
    ...(message.buffers ?? []).map(asBytes),
  ];
  const offsets = [WORD * (parts.length + 2)];
  for (const part of parts) offsets.push(offsets.at(-1) + part.byteLength);
  const frame = new Uint8Array(offsets.at(-1));
  const view = new DataView(frame.buffer);
  [offsets.length, ...offsets].forEach((number, index) => view.setBigUint64(WORD * index, BigInt(number), true));
  parts.forEach((part, index) => frame.set(part, offsets[index]));
  return frame.buffer;
}

/** Returns the message of a frame. */
export function decode(frame) {
  const bytes = asBytes(frame);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Number(view.getBigUint64(0, true));
  const offset = (index) => Number(view.getBigUint64(WORD * (index + 1), true));
  const part = (index) => bytes.subarray(offset(index), offset(index + 1));
  const message = { channel: decoder.decode(part(0)), buffers: [] };
  JSON_PARTS.forEach((name, index) => {
    message[name] = JSON.parse(decoder.decode(part(index + 1)));
  });
  for (let index = JSON_PARTS.length + 1; index < count - 1; index += 1) message.buffers.push(part(index));
  return message;
}

/** Returns a new message that answers `parent`, or one that answers nothing. */
export function compose(channel, type, content, { parent = {}, buffers = [], session = "notehouse" } = {}) {
  const header = {
    msg_id: crypto.randomUUID?.() ?? randomId(),
    msg_type: type,
    username: "",
    session,
    date: new Date().toISOString(),
    version: "5.3",
  };
  return { channel, header, parent_header: parent, metadata: {}, content, buffers };
}

function randomId() {
  // pages served without TLS have no randomUUID
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function asBytes(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
