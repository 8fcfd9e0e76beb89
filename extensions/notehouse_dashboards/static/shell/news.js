// News of an open page: that its tables have changed. A page that nobody looks at asks for none.

const PAUSE = 30_000; // milliseconds hidden before the connection is let go
const RETRIES = [1000, 3000, 10_000, 30_000];

/** Follows what `address()` promises; `changed()` when there are other rows, `renewed()` when the page was made of them, `closed(event)` when the page has to be loaded anew. */
export function followNews(address, { changed, renewed, closed }) {
  let source = null;
  let pausing = 0;
  let missed = false; // something may have changed while nobody listened
  let tries = 0;
  let opening = false;

  async function open() {
    clearTimeout(pausing);
    if (source || opening) return;
    opening = true;
    const found = await address().catch(() => "");
    opening = false;
    if (!found) return again();
    source = new EventSource(found);
    source.addEventListener("open", () => {
      tries = 0;
      if (missed) changed();
      missed = false;
    });
    source.addEventListener("changed", changed);
    source.addEventListener("renewed", renewed);
    for (const event of ["closed", "replaced"]) {
      source.addEventListener(event, () => {
        stop();
        closed(event);
      });
    }
    source.onerror = () => {
      stop();
      again();
    };
  }

  function again() {
    setTimeout(() => document.visibilityState === "visible" && open(), RETRIES[Math.min(tries, RETRIES.length - 1)]);
    tries += 1;
  }

  function stop() {
    source?.close();
    source = null;
    missed = true;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") open();
    else pausing = setTimeout(stop, PAUSE);
  });
  if (document.visibilityState === "visible") open();
}
