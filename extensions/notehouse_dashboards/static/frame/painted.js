// What need not stand in the way of the first paint.

const PATIENCE = 1000; // milliseconds; a page that nobody sees is not painted

/** Does something once the page has been painted, or after a while. */
export function oncePainted(act) {
  let done = false;
  const go = () => {
    if (!done) act();
    done = true;
  };
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go)));
  setTimeout(go, PATIENCE);
}
