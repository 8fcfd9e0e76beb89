// Tells the page around how tall the dashboard is on paper, where nobody can scroll and all tabs are shown.

/** Measures now, and again whenever the dashboard has become taller or shorter. */
export function tellHeight(outside) {
  const cells = document.getElementById("nh-cells");
  if (!outside || !cells) return;
  const root = document.documentElement;
  let told = 0;
  new window.ResizeObserver(() => {
    root.classList.add("nh-whole");
    const height = cells.offsetHeight;
    root.classList.remove("nh-whole");
    if (height !== told) outside.postMessage({ notehouse: "height", height }, "*");
    told = height;
  }).observe(cells);
}
