#!/bin/sh
# activ plot: the script, the pictures that gnuplot makes of it, what is refused, and that no name is more than a name.
#
# usage: plot.sh ACTIV WORK
set -eu

activ=$1 work=$2
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }
# refused TEXT ARGUMENT...: exit status 2 and a message with this text, nothing else; $path is the command's PATH.
path=$PATH
refused() {
    text=$1 status=0
    shift
    message=$(PATH=$path "$activ" plot "$@" 2>&1 > "$work/printed") || status=$?
    [ $status = 2 ] || fail "$*: exit status $status, not 2"
    [ ! -s "$work/printed" ] || fail "$*: prints $(cat "$work/printed")"
    echo "$message" | grep -qF -e "$text" || fail "$*: '$message' does not say '$text'"
}
rm -rf "$work"
mkdir -p "$work/bin"
cd "$work"

refused 'no function'
refused 'unknown option --more' relu --more
refused 'missing after --from' relu --from
refused 'not a number: 1x' relu --to 1x
refused 'not a number: nan' relu --to nan
refused '--from is not below' relu --from 2 --to 2
refused '.svg or .png' relu -o curve.pdf
refused '.svg or .png' relu -o .svg
refused 'control character' relu -o "$(printf 'a\nb.svg')"
refused "unknown function 'nosuch'" relu nosuch
refused 'only elementwise' softmax

# The script: for each function x, f and f', and a title.
"$activ" plot --script gelu 'derivative(@isru)' 'a*x; a=2' --from -1 --to 3 > script || fail "--script: exit status $?"
[ "$(grep -c '^[-0-9.e+]* [-0-9.e+]* [-0-9.e+]*$' script)" = 3003 ] || fail "--script: not three times 1001 points"
[ "$(sed -n '/^\$f2/{n;p;}' script)" = '-1 -2 2' ] || fail "--script: starts with $(sed -n '/^\$f2/{n;p;}' script)"
for title in gelu 'derivative of gelu' 'derivative(@isru)' 'a*x; a=2'; do
    grep -qF "title '$title'" script || fail "--script: no title '$title'"
done
! grep -q 'set output\|set terminal' script || fail "--script: a terminal of our choice"
"$activ" plot --script relu -o "it's.svg" | grep -qxF "set output 'it''s.svg'" || fail "--script -o: no set output"
# Values that are none are not drawn.
"$activ" plot --script '1/x' --from -1 --to 1 | grep -qx '0 nan nan' || fail "1/x at 0"

# Where nothing is finite nothing can be drawn: said in our words, not gnuplot's.
refused 'log(x): nothing from -5 to -1 is finite' 'log(x)' --from -5 --to -1
refused 'log(x): nothing from -5 to -1 is finite' --script 'log(x)' --from -5 --to -1
"$activ" plot --script 'log(x)' relu --from -5 --to -1 > script 2> said || fail "log(x) and relu: exit status $?"
[ "$(cat said)" = 'activ: plot: log(x): nothing from -5 to -1 is finite' ] || fail "log(x) and relu: $(cat said)"
grep '^plot ' script | grep -q "plot \$f1 using 1:2.*, \$f1 using 1:3" || fail "log(x) and relu: $(grep '^plot ' script)"
! grep '^plot ' script | grep -q f0 || fail "log(x) is drawn"

# Without a gnuplot, with one that fails, and with one that ends too early.
path=$work/bin
refused 'no gnuplot' relu
printf '#!/bin/sh\necho broken >&2\nexit 3\n' > bin/gnuplot
chmod +x bin/gnuplot
path=$work/bin:$PATH
refused 'gnuplot failed' relu -o curve.svg
printf '#!/bin/sh\necho "<svg> half"\n' > bin/gnuplot
refused 'has no end' relu -o curve.svg
[ ! -e curve.svg ] || fail "half a picture was kept"
echo old > curve.svg
refused 'has no end' relu -o curve.svg
[ "$(cat curve.svg)" = old ] || fail "half a picture replaced the old one"
rm curve.svg
printf '#!/bin/sh\n' > bin/gnuplot
refused 'wrote nothing' relu
# A picture replaces the old one as a whole, where a link leads to, with the old one's permissions.
printf '#!/bin/sh\necho "<svg> all </svg>"\n' > bin/gnuplot
mkdir pictures
echo old > pictures/target.svg
chmod 640 pictures/target.svg
ln pictures/target.svg second.svg
ln -s pictures/target.svg link.svg
PATH=$path "$activ" plot relu -o link.svg || fail "-o link.svg: exit status $?"
[ -L link.svg ] || fail "-o replaces a symbolic link"
[ "$(cat pictures/target.svg)" = '<svg> all </svg>' ] || fail "-o link.svg: $(cat pictures/target.svg)"
ln -s nowhere.svg lost.svg
! PATH=$path "$activ" plot relu -o lost.svg 2> lost.txt || fail "-o writes to a link that leads nowhere"
[ -L lost.svg ] && [ ! -e nowhere.svg ] || fail "-o replaces a link that leads nowhere"
[ "$(cat second.svg)" = old ] || fail "-o writes into the old file"
[ "$(stat -c %a pictures/target.svg)" = 640 ] || fail "-o: permissions $(stat -c %a pictures/target.svg)"
(umask 027 && PATH=$path "$activ" plot relu -o fresh.svg) || fail "-o fresh.svg: exit status $?"
[ "$(stat -c %a fresh.svg)" = 640 ] || fail "-o, umask 027: permissions $(stat -c %a fresh.svg)"
mkdir folder.svg
refused 'cannot be written' relu -o folder.svg
mkfifo pipe.svg
refused 'cannot be written' relu -o pipe.svg
[ -p pipe.svg ] || fail "-o replaces a pipe"
if [ -e /dev/full ]; then
    status=0
    PATH=$path "$activ" plot relu > /dev/full 2> said || status=$?
    [ $status = 2 ] || fail "a full disk: exit status $status, not 2"
    grep -q 'standard output' said || fail "a full disk: $(cat said)"
    # Of a whole file, too, only what could be written: the limit is a block of 512 bytes.
    printf '#!/bin/sh\nhead -c 9000 /dev/zero\necho "</svg>"\n' > bin/gnuplot
    echo old > small.svg
    status=0
    sh -c 'trap "" XFSZ; PATH=$2:$PATH; ulimit -f 8; "$1" plot relu -o small.svg' - "$activ" "$work/bin" 2> said || status=$?
    [ $status = 2 ] || fail "no room: exit status $status, not 2: $(cat said)"
    [ "$(cat small.svg)" = old ] || fail "no room: the old picture is gone"
fi
[ -z "$(find . -name '.activ-*')" ] || fail "left behind: $(find . -name '.activ-*')"
rm bin/gnuplot
path=$PATH

if ! command -v gnuplot > /dev/null; then
    echo "no gnuplot: nothing is drawn" >&2
    exit $failed
fi
"$activ" plot relu gelu > text || fail "plot relu gelu: exit status $?"
grep -q 'derivative of gelu' text || fail "as text: $(cat text)"
[ "$(wc -l < text)" -gt 20 ] || fail "as text: few lines"
# Names that a shell or gnuplot would take for more, were they not quoted.
# shellcheck disable=SC2016
name='a `touch made` $(touch made) " it'\''s ; touch made.svg'
"$activ" plot 'x*tanh(exp(x))' @isru -o "$name" 2> said || fail "-o: exit status $?: $(cat said)"
[ ! -s said ] || fail "-o: says $(cat said)"
[ ! -e made ] || fail "a name was run"
grep -q '</svg>' "$name" || fail "no SVG"
grep -q 'x\*tanh(exp(x))' "$name" || fail "SVG without the formula"
! command -v xmllint > /dev/null || xmllint --noout "$name" || fail "no XML"
"$activ" plot step -o curve.png || fail "png: exit status $?"
[ "$(head -c 4 curve.png | tail -c 3)" = PNG ] || fail "no PNG"
# The user's own settings of gnuplot do not count.
mkdir home
echo 'exit status 9' > home/.gnuplot
HOME=$work/home "$activ" plot relu > /dev/null || fail "with a .gnuplot: exit status $?"
refused 'cannot be written' relu -o nowhere/curve.svg
"$activ" plot 'log(x)' relu --from -5 --to -1 2> said > text || fail "log(x) and relu: exit status $?"
[ "$(cat said)" = 'activ: plot: log(x): nothing from -5 to -1 is finite' ] || fail "log(x) and relu: $(cat said)"
for constant in '0*x' '3e20 + 0*x' '0*x - 2'; do
    "$activ" plot "$constant" > text 2> said || fail "$constant: exit status $?"
    [ ! -s said ] || fail "$constant: says $(cat said)"
done
if [ -e /dev/full ]; then
    status=0
    "$activ" plot gelu > /dev/full 2> said || status=$?
    [ $status = 2 ] || fail "a full disk and gnuplot: exit status $status, not 2"
fi
exit $failed
