"""Live dashboards: the kernel behind a page, and the websocket that lets only widgets' messages through."""
