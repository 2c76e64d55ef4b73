#!/bin/sh
# The page that examples/run.sh --quick makes: drawn by a browser without an error, every figure on it, no wider than a
# phone, light and dark, of a size that can be mailed; and a second run does nothing again, and changes no number.
#
# usage: report.sh ROOT WORK      environment: CHROMIUM (chromium)
set -eu

root=$1 work=$2
chromium=${CHROMIUM:-chromium}
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }

command -v "$chromium" > /dev/null || {
    echo "FAILED: no $chromium (apt install chromium)" >&2
    exit 1
}
rm -rf "$work"
mkdir -p "$work"

"$root/examples/run.sh" --quick --out "$work/report" > "$work/first.log" 2>&1 || {
    cat "$work/first.log" >&2
    exit 1
}
page=$work/report/index.html
[ -f "$page" ] || fail "no page"
[ ! -d "$root/examples/report/__pycache__" ] || fail "examples/report/__pycache__: the checkout is not as it was"

# ---- a second run -----------------------------------------------------------------------------------------------------
cp "$page" "$work/first.html"
"$root/examples/run.sh" --quick --out "$work/report" > "$work/second.log" 2>&1 || fail "the second run: $(tail -n 1 "$work/second.log")"
steps=$(grep -c '^\[[0-9]*/[0-9]*\]' "$work/first.log")
kept=$(grep -c 'done in an earlier run' "$work/second.log" || :)
[ "$kept" -eq "$steps" ] || fail "the second run did $((steps - kept)) of $steps steps again"
cmp -s "$page" "$work/first.html" || fail "the second run made another page"

# ---- from scratch, elsewhere: the same numbers, times apart ------------------------------------------------------------
mkdir "$work/again"
"$root/build/examples/examples/fashion_mnist_compare" --quick --threads 1 --out "$work/again" > "$work/again.log" 2>&1 ||
    fail "compare: $(tail -n 1 "$work/again.log")"
cmp -s "$work/again/comparison-epochs.csv" "$work/report/comparison-epochs.csv" || fail "other numbers with one thread"

# ---- the page -----------------------------------------------------------------------------------------------------------
size=$(wc -c < "$page")
[ "$size" -le 8388608 ] || fail "$size bytes are more than 8 MB"
if grep -Eo '(src|href|action)="[^"]{0,60}|@import[^;]*|url\([^)]{0,60}' "$page" | grep -Ev '"(#|data:)|url\(#' | grep .; then
    fail "the page loads something"
fi
if grep -n 'missing from this run\|not computed yet' "$page"; then
    fail "something is missing"
fi

# The page judges itself: every figure has a size, every picture is decoded, nothing sticks out.
probe='<script>
addEventListener("load", () => {
  document.querySelectorAll("details").forEach((d) => { d.open = true; });
  const bad = [];
  for (const svg of document.querySelectorAll("figure svg")) {
    const box = svg.getBoundingClientRect();
    const drawn = svg.querySelectorAll("path, circle, rect, polygon, use").length;
    if (box.width < 50 || box.height < 50 || drawn < 5 || svg.getBBox().width < 50) bad.push(svg.getAttribute("aria-label"));
  }
  for (const image of document.images) if (!image.complete || image.naturalWidth < 50) bad.push(image.alt);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) bad.push("an id occurs twice");
  for (const link of document.querySelectorAll("a[href^=\"#\"]")) if (!document.getElementById(link.hash.slice(1))) bad.push("no " + link.hash);
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) bad.push("wider than the window by " + wide);
  const figures = document.querySelectorAll("figure svg, figure img").length;
  const words = "VERDICT figures=" + figures + " width=" + innerWidth + " bad=" + (bad.length ? bad.join("; ") : "none");
  if (parent !== window) parent.postMessage(words, "*"); else document.title = words;
});
</script>'
sed 's@</body>@@; s@</html>@@' "$page" > "$work/probed.html"
printf '%s\n</body>\n</html>\n' "$probe" >> "$work/probed.html"
# A window stops at some 500 pixels; a frame does not.
cat > "$work/phone.html" << 'END'
<!DOCTYPE html><title>waiting</title>
<iframe src="probed.html" width="390" height="844"></iframe>
<script>addEventListener("message", (event) => { document.title = event.data; });</script>
END

look() { # PAGE WIDTH ARGUMENTS...
    file=$1 width=$2
    shift 2
    "$chromium" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --user-data-dir="$work/profile" --enable-logging=stderr \
        --window-size="$width,1000" --virtual-time-budget=20000 "$@" --dump-dom "file://$work/$file" \
        > "$work/dom.html" 2> "$work/console.log" || fail "$chromium"
    grep 'CONSOLE' "$work/console.log" && fail "$file at $width: the console has something to say"
    verdict=$(grep -o '<title>VERDICT[^<]*' "$work/dom.html" | head -n 1)
    echo "$file at $width $*: ${verdict:-no verdict}"
    case $verdict in
    *"bad=none"*) ;;
    *) fail "$file at $width: ${verdict:-no verdict}" ;;
    esac
}
look probed.html 1280
look probed.html 1280 --blink-settings=preferredColorScheme=0
look phone.html 800
case $verdict in
*width=390*) ;;
*) fail "the frame is not 390 wide: $verdict" ;;
esac

exit $failed
