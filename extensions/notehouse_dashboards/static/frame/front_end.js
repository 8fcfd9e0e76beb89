// Voilà's front end, a second of work for a browser, comes once what stands in the page has been painted.

const PATIENCE = 3000; // milliseconds that the page around has to bring a file
const BUNDLE = "/together/";

/** Has what waits for the page to be loaded begin although it is: the front end waits for that, and comes later. */
function beginLate() {
  const listen = window.addEventListener.bind(window);
  window.addEventListener = (name, act, ...options) => {
    if (name !== "load" || document.readyState !== "complete") return listen(name, act, ...options);
    setTimeout(() => act.call(window, new Event("load")));
  };
}

/**
 * Promises where to load a file from: the page around brings it, because browsers keep nothing for a frame that has no
 * origin, and would fetch a large file at each visit.
 */
function nearer(src, outside) {
  return new Promise((resolve) => {
    setTimeout(resolve, PATIENCE, src);
    addEventListener("message", ({ source, data }) => {
      if (source === outside && data?.notehouse === "file" && data.src === src) {
        resolve(data.blob ? URL.createObjectURL(data.blob) : src);
      }
    });
    outside.postMessage({ notehouse: "file", src }, "*");
  });
}

/** Loads the scripts that the page names, in their order. */
export async function loadFrontEnd(outside) {
  const named = document.getElementById("notehouse-front-end");
  if (!named) return;
  beginLate();
  for (const src of JSON.parse(named.textContent)) {
    const from = outside && src.includes(BUNDLE) ? await nearer(src, outside) : src;
    document.head.append(Object.assign(document.createElement("script"), { src: from, async: false }));
  }
}
