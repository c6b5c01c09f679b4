#!/usr/bin/env bash
# The report of sky_experiment in a browser (Debian's chromium, without a window): nothing is fetched, nothing goes wrong, every
# plot has its marks, the page fits a narrow and a wide window. Screenshots are left in $ALCOR_SCREENSHOTS, where that is set.
. "$(dirname "$0")/common.sh"

command -v chromium >/dev/null || fail "chromium is not installed: scripts/install-deps.sh --tests"
small_table 20 >table.csv
run 0 "$bin/sky_experiment" --table table.csv --images "$sdss" --output out --backbones sky_cnn --size 16 --crop 64 --folds 2 \
    --seeds 1 --table-epochs 20 --image-epochs 3 --late-epochs 2 --sweep sky_cnn --sweep-epochs 3 --views 1 --also-group run
page=$PWD/out/report.html

# browse FILE OPTION...: opens the file; the page as the browser has it is left in $log/out, its log in $log/err.
browse() {
    local file=$1 profile
    shift
    profile=$(mktemp -d "$folder/profile.XXXX")
    run 0 timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --user-data-dir="$profile" \
        --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --log-level=0 "$@" "file://$file"
    rm -rf "$profile"
}

browse "$page" --log-net-log="$log/net.json" --dump-dom
cp "$log/out" dom.html
# No name can be resolved, so what the page would fetch ends as an error on the console. The browser's own calls home are no part
# of it.
if grep 'CONSOLE' "$log/err"; then fail "the page logs to the console"; fi
if grep -oE '"url":"(https?|wss?|ftp)://[^"]*"' "$log/net.json" | grep -vE '://[a-z0-9.]*(google|googleapis|gvt1)\.com/'; then
    fail "the page fetches something"
fi

# Every plot of the report is there, each with marks.
plots() { grep -o "<svg [^>]*data-plot=\"$1\"" dom.html | wc -l; }
[ "$(plots models)" -eq 1 ] || fail "there is no plot of all models"
[ "$(plots curve)" -eq 8 ] || fail "there are $(plots curve) learning curves, not 8"
[ "$(plots reliability)" -eq 8 ] || fail "there are $(plots reliability) reliability plots, not 8"
[ "$(plots depth)" -eq 1 ] || fail "there is no depth curve"
[ "$(plots magnitudes)" -eq 1 ] || fail "there is no plot by magnitude"
awk 'BEGIN { RS = "<svg " }
     NR > 1 {
         sub(/<\/svg>.*/, "")
         match($0, /data-plot="[a-z]*/)
         name = substr($0, RSTART + 11, RLENGTH - 11)
         if (!/class="mark/) { print name " has no marks"; bad = 1 }
         if (/"[^"]*(nan|inf)[^"]*"/) { print name " has marks nowhere"; bad = 1 }
     }
     END { exit bad }' dom.html || fail "a plot is empty"
# The depth curve has its bill, reliability its table, magnitudes every score.
grep -qE '<b>[0-9.]+ times</b> as long' dom.html || fail "the page does not say what the sweep saved"
grep -qE '^<tr><td>table</td><td>[0-9.]+</td>(<td></td>)*<td>[0-9]+ <small>[0-9]+</small></td>' dom.html ||
    fail "there is no table of reliability"
grep -q '<th>macro-F1</th><th>log-loss</th><th>calibration</th>' dom.html || fail "magnitudes lack a score"
grep -q '<img alt="" src="data:image/jpeg;base64,' dom.html || fail "the mistakes have no images"

# Nothing sticks out of the page, and pictures of it can be taken, light and dark.
# (A window has at least 500 pixels, so the narrow page is measured as a body of that width.)
for width in 1280 400; do
    sed "s|</body>|<script>document.body.style.cssText = 'margin:0;width:${width}px';\
        const shown = [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll'));\
        document.title = Math.ceil(Math.max(...shown.map(e => e.getBoundingClientRect().right)))</script></body>|" \
        "$page" >measured.html
    browse "$PWD/measured.html" --window-size=1280,1200 --dump-dom
    measured=$(grep -oE '<title>[0-9]+</title>' "$log/out" | grep -oE '[0-9]+')
    [ "$measured" -le $width ] || fail "the page needs $measured pixels, not $width"
    browse "$page" --window-size=$width,2400 --screenshot="$PWD/page-$width.png"
    [ "$(stat -c %s page-$width.png)" -gt 20000 ] || fail "there is nothing on the page at $width pixels"
done
browse "$page" --window-size=1280,2400 --screenshot="$PWD/page-dark.png" --blink-settings=preferredColorScheme=0
browse "$page" --print-to-pdf="$PWD/page.pdf"
[ "$(stat -c %s page.pdf)" -gt 20000 ] || fail "the page cannot be printed"
if [ -n "${ALCOR_SCREENSHOTS:-}" ]; then
    mkdir -p "$ALCOR_SCREENSHOTS"
    cp page-*.png page.pdf "$ALCOR_SCREENSHOTS"
fi
