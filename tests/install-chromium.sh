#!/bin/sh
# The browser that the tests drive. Debian's package, so that its libraries come with it; the one without windows is enough,
# and takes half the processor.
set -eu

found() {
    for program in "$@"; do
        if command -v "$program" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" fonts-dejavu-core >/dev/null 2>&1
}

if found chromium-headless-shell; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium with apt (once)"
    if apt-get update -qq 2>/dev/null && { install chromium-headless-shell || install chromium; }; then exit 0; fi
fi
if found chromium chromium-browser google-chrome; then exit 0; fi
echo "The tests drive a real browser and found none. Install Chromium, then run make test again:" >&2
echo "    sudo apt install chromium-headless-shell          (Debian; elsewhere: chromium)" >&2
exit 1
