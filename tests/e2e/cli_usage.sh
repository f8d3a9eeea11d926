#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Story: somebody types things wrong. Each time one line on standard error says what is wrong and where help is, the exit code is 2, standard
# output stays empty, and nothing is created. Then they find the help.
. "$(dirname "$0")/_lib.sh"

# wrong PATTERN ARGUMENT...
wrong() {
    pattern=$1
    shift
    expect 2 "$@"
    [ ! -s "$work/out" ] || fail "fastreplica $*: standard output is not empty"
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "fastreplica $*: not one line: $(cat "$work/err")"
    grep -q '^fastreplica: ' "$work/err" || fail "fastreplica $*: does not say who speaks: $(cat "$work/err")"
    said "$pattern"
}

started=$(pwd)
make_keys
echo hello >"$work/file"
cd "$work"

step 'the command'
wrong 'a command is missing'
wrong "no command 'psuh'; did you mean 'push'\\?" psuh
wrong "no command 'frobnicate'; see 'fastreplica --help'" frobnicate
wrong "no command '--frobnicate'" --frobnicate
wrong "no command ''" ''

step 'options and operands'
wrong 'push: FILE is missing' push --to a --keys keys
wrong 'push: --to NODES is missing' push file --keys keys
wrong 'push: --keys DIR is missing' push file --to a
wrong 'push: --to and --retry both say who receives' push file --keys keys --to a --retry report
wrong "push: 'another' is one argument too many" push file another --to a --keys keys
wrong 'push: there is no option --too; did you mean --to\?' push file --too a --keys keys
wrong 'push: there is no option --zzzzzz; see' push file --zzzzzz
wrong 'push: there is no option -Z' push file -Z
wrong 'push: --to needs a value' push file --keys keys --to
wrong 'push: -t needs a value' push file --keys keys -t
wrong 'push: --quiet=yes takes no value' push file --quiet=yes
wrong 'node: --store DIR is missing' node --keys keys
wrong "node: 'x' is one argument too many" node --store s --keys keys x
wrong 'keygen: DIR is missing' keygen
wrong 'status: --to NODES is missing' status --keys keys
wrong 'local: FILE is missing' local --nodes 3
wrong "push --help" push

step 'values'
for value in 0x1 12Q -1 '' 1.5.2 MB; do
    wrong "push: --chunk-size '.*' is not a size" push file --to a --keys keys --chunk-size "$value"
done
for value in 3 8K 16385 48K 8M 5T 1023; do
    wrong 'chunk' push file --to a --keys keys --chunk-size "$value"
done
for value in 0 -5 5x '' forever 1d; do
    wrong "push: --connect-timeout '.*' is not a time" push file --to a --keys keys --connect-timeout "$value"
    wrong "push: --deadline '.*' is not a time" push file --to a --keys keys --deadline "$value"
    wrong "status: --timeout '.*' is not a time" status --to a --keys keys --timeout "$value"
    wrong "node: --silence-timeout '.*' is not a time" node --store s --keys keys --silence-timeout "$value"
done
for value in 0 fast 10X -1M; do
    wrong "push: --up '.*' is not a rate" push file --to a --keys keys --up "$value"
done
for value in 0 65 -1 1e1 '' 8x 99999999999999999999; do
    wrong "local: --nodes '.*' is not a number from 1 to 64" local --nodes "$value" file
done
wrong "node: --max-transfers '0' is not a number from 1 to 1024" node --store s --keys keys --max-transfers 0
wrong "node: --max-connections '0' is not a number from 1 to 1000000" node --store s --keys keys --max-connections 0
wrong "node: --max-memory 'lots' is not a size" node --store s --keys keys --max-memory lots
wrong "node: --log-level 'loud' is not error, warning, info or debug" node --store s --keys keys --log-level loud
wrong 'listen|address|port' node --store elsewhere --keys keys --listen 127.0.0.1:99999
wrong 'cannot write the report no/such/folder/report' push file --to a --keys keys --report no/such/folder/report
wrong 'cannot write the report keys' push file --to a --keys keys --report keys

step 'standard input'
wrong 'standard input has no name: --name NAME is missing' push - --to a --keys keys
wrong 'standard input has no name: --name NAME is missing' local -
wrong 'cannot both be standard input' push - --name x --to - --keys keys

step 'node lists'
: >empty
printf '# nobody\n\n' >comments
printf 'a\nb c\n' >malformed
printf 'a\nb zone=x speed=9\n' >attribute
printf 'a\na:7420\n' >twice
head -c 1000 /dev/zero >zeros
wrong 'the node list names no node' push file --to '' --keys keys
wrong 'empty names no node' push file --to empty --keys keys
wrong 'comments names no node' push file --to comments --keys keys
wrong "malformed:2: 'c': after the address only" push file --to malformed --keys keys
wrong "attribute:2: 'speed=9': after the address only" push file --to attribute --keys keys
wrong 'twice:2: a:7420 was named before, on line 1' push file --to twice --keys keys
wrong 'zeros is no node list' push file --to zeros --keys keys
wrong "item 2 'b:x': the port" push file --to a,b:x --keys keys
wrong "item 1 'e\\[3-1\\]': a range ends below" push file --to 'e[3-1]' --keys keys
wrong 'cannot open the node list ./missing' push file --to ./missing --keys keys
wrong 'cannot read the node list keys' push file --to keys --keys keys
wrong 'cannot read the node list keys' status --to keys --keys keys
wrong 'stand for too many nodes' push file --to 'e[000001-100001]' --keys keys

step 'keys'
wrong 'cannot open the key folder nowhere .*fastreplica keygen' push file --to a --keys nowhere
wrong 'cannot open the key folder nowhere .*fastreplica keygen' node --store s --keys nowhere
wrong 'cannot open the key folder nowhere .*fastreplica keygen' status --to a --keys nowhere
mkdir half
cp keys/cluster.secret half/
wrong 'cannot open half/origin.key .*fastreplica keygen' push file --to a --keys half
wrong 'cannot open half/origin.pub .*fastreplica keygen' node --store s --keys half
echo not-a-key >half/origin.key
chmod 0600 half/origin.key
wrong 'half/origin.key is no key file' push file --to a --keys half
cp keys/origin.key half/
chmod o+r half/origin.key
wrong 'half/origin.key can be read or written by everyone' push file --to a --keys half
wrong 'keys/cluster.secret exists and is never overwritten' keygen keys
wrong 'cannot create the key folder no/such' keygen no/such/keys

step 'the file, and its name'
mkfifo fifo
wrong 'missing.*No such file' push missing --to a --keys keys
wrong 'missing.*No such file' local missing
wrong 'keys.*folder|keys.*directory' push keys --to a --keys keys
wrong '/dev/null' push /dev/null --to a --keys keys
for name in ../x x/../y .. . /etc/passwd a//b '' x/ .fastreplica/x "$(printf 'a\tb')" "$(printf '%0256d' 0)"; do
    wrong 'name' push file --to a --keys keys --name "$name"
done
cp file unreadable
chmod 0 unreadable
if [ "$(id -u)" -ne 0 ]; then
    wrong 'unreadable.*denied' push unreadable --to a --keys keys
elif cp -r keys theirs && chown -R 65534:65534 theirs && chmod 0755 "$work" && setpriv --reuid 65534 --regid 65534 --clear-groups "$FASTREPLICA" --version >out 2>&1; then
    # Root reads every file, so somebody else asks.
    code=0
    setpriv --reuid 65534 --regid 65534 --clear-groups "$FASTREPLICA" push unreadable --to a --keys theirs >out 2>err || code=$?
    [ "$code" -eq 2 ] || fail "an unreadable file: exit code $code, not 2"
    said 'unreadable.*denied'
else
    echo 'skipped: an unreadable file (we are root, and nobody else may run the program)'
fi
mkdir used
echo mine >used/mine
wrong 'used is not an empty folder' local file --dir used
[ "$(cat used/mine)" = mine ] || fail 'what was in --dir is gone'

step 'nothing was created'
for name in s report no nowhere; do
    [ ! -e "$name" ] || fail "there is a $name now"
done

step 'help and version'
expect 0 --version
grep -Eqx 'fastreplica [0-9]+\.[0-9]+\.[0-9]+' out || fail 'the version has another shape'
expect 0 --help
for command in keygen node push plan status local; do
    grep -q "^  $command " out || fail "--help does not name $command"
done
for command in keygen node push plan status local; do
    expect 0 "$command" --help
    [ ! -s err ] || fail "$command --help writes to standard error"
    grep -q "^usage: fastreplica $command " out || fail "$command --help shows no usage"
done
code=0
"$FASTREPLICA" --help >/dev/full 2>err || code=$?
[ "$code" -eq 1 ] || fail "standard output is full, and the exit code is $code"

step 'the manual knows the same options'
manual=$(dirname "$0")/../../dist/man
case $manual in
/*) ;;
*) manual=$started/$manual ;;
esac
# options_of COMMAND: what --help lists, one name a line.
options_of() {
    "$FASTREPLICA" "$1" --help | sed -n 's/^  [ -].[ ,] --\([a-z-]*\).*/\1/p' | grep -vx help | LC_ALL=C sort
}
# manual_of COMMAND: the options in its section of the manual.
manual_of() {
    awk -v section=".Ss fastreplica $1" '/^\.S[sh] / { is_here = $0 == section } is_here && /^\.It .*Fl -/' "$manual/fastreplica.1" |
        sed 's/.*Fl -\([a-z-]*\).*/\1/' | LC_ALL=C sort
}
for command in keygen node push plan sim status; do
    options_of $command >listed
    manual_of $command >written
    diff listed written || fail "--help of $command (<) and its manual (>) differ"
done
[ "$(options_of push | wc -l)" -ge 12 ] || fail 'the options of push were not found'
# The manual of local tells what it takes besides the options of push.
{
    options_of push | grep -vx -e to -e retry -e keys
    manual_of local
} | LC_ALL=C sort >written
options_of local >listed
diff listed written || fail '--help of local (<) and its manual (>) differ'
if command -v mandoc >/dev/null; then
    for page in "$manual"/*.[1-8]; do
        mandoc -T lint -W warning "$page" || fail "$page has mistakes"
    done
else
    echo 'skipped: the shape of the manual pages (mandoc is not installed)'
fi
