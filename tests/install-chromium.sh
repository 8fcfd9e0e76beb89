#!/bin/sh
# The browser that the tests drive. Debian's package, so that its libraries come with it.
set -eu

for program in chromium chromium-browser google-chrome; do
    if command -v "$program" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium with apt (once)"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
    exit 0
fi
echo "The tests drive a real browser and found none. Install Chromium, then run make test again:" >&2
echo "    sudo apt install chromium          (Debian, Ubuntu)" >&2
echo "    sudo dnf install chromium          (Fedora)" >&2
exit 1
