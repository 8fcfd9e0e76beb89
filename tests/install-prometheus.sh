#!/bin/sh
# Prometheus, which a test lets scrape every process. Debian's package.
set -eu

if command -v prometheus >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Prometheus with apt (once)"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends prometheus >/dev/null
    exit 0
fi
echo "A test needs Prometheus and found none. Install it, then run make test again:" >&2
echo "    sudo apt install prometheus        (Debian, Ubuntu)" >&2
exit 1
