/**
 * The guest's side of PortShell: a script that takes the path of a port and serves it for ever. A port opens only once,
 * so reading and writing share one descriptor; when the host's side is closed the reader sees end of file, hence the
 * loop. `library` is shell text that scripts can rely on.
 *
 * The host sends `NONCE LINES WHERE` and then that many lines of script; the answer is framed with the nonce. A script
 * runs in a process of its own, or `here`, in the loop itself: under TCG the process costs more than a write to sysfs.
 */
export const serveScript = (library = ''): string => `#!/bin/sh
# memhp: runs the scripts that come in on the port $1 and frames what they print.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
${library}
if [ "$2" != serving ]; then
  sh=$(command -v bash || command -v sh)
  # Programs at the same addresses each time: TCG then translates them once, and starting one costs a third.
  fixed="setarch $(uname -m) -R"
  $fixed true 2>/dev/null || fixed=
  while :; do
    $fixed "$sh" "$0" "$1" serving <>"$1" 1>&0 2>/dev/null
    sleep 1 # without a host at the other end every read is an end of file
  done
fi
memhp_serving=yes # for the library: what is kept in this shell is there for the next script
err=/run/memhp.err.$$
while read -r nonce lines where; do
  script=
  while [ "$lines" -gt 0 ] && IFS= read -r line; do
    script="$script$line
"
    lines=$((lines - 1))
  done
  printf 'memhp-begin %s\\n' "$nonce"
  case $where in
    here) eval "$script" </dev/null 2>"$err" ;;
    *) ( eval "$script" ) </dev/null 2>"$err" ;;
  esac
  status=$?
  printf '\\nmemhp-err %s\\n' "$nonce"
  if [ -s "$err" ]; then cat "$err"; fi
  printf '\\nmemhp-end %s %d\\n' "$nonce" "$status"
done
`;
