#!/bin/sh
# The pictures of the README, by the project's own commands. Needs chromium (SVG to PNG) and pdftoppm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
hearth=$here/../../.venv/bin/hearth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$hearth" demo --no-dashboard --out "$work/demo" &
demo=$!
sleep 45 # in the middle of it
"$hearth" tui --config "$work/demo/hub.toml" --screenshot "$work/dashboard.svg" --size 130x40
printf '<body style="margin:0;background:#111"><img src="dashboard.svg" style="width:1400px"></body>' >"$work/page.html"
chromium --headless --no-sandbox --disable-gpu --disable-background-networking --hide-scrollbars \
  --user-data-dir="$work/profile" --window-size=1400,"${HEIGHT:-900}" --screenshot="$here/dashboard.png" "$work/page.html"
wait "$demo"
page=$(pdftotext "$work/demo/report.pdf" - | awk 'BEGIN{RS="\f"} /Episodes with strips/{print NR; exit}')
pdftoppm -r 80 -f 1 -l 1 -singlefile -png "$work/demo/report.pdf" "$work/first"
pdftoppm -r 80 -f "$page" -l "$page" -singlefile -png "$work/demo/report.pdf" "$work/second"
"$here/../../.venv/bin/python" - "$work/first.png" "$work/second.png" "$here/report.png" <<'PY'
import sys
from PIL import Image

pages = [Image.open(path) for path in sys.argv[1:3]]
sheet = Image.new("RGB", (sum(page.width for page in pages), pages[0].height), "white")
for number, page in enumerate(pages):
    sheet.paste(page, (number * pages[0].width, 0))
sheet.save(sys.argv[3], optimize=True)
PY
