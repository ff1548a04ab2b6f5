/**
 * The guest's side of PortShell: a script that takes the path of a port and serves it for ever.
 * A port opens only once, so reading and writing share one descriptor; when the host's side is closed
 * the reader sees end of file, hence the loop. `library` is shell text that scripts can rely on.
 *
 * The host sends `NONCE LINES` and then that many lines of script; the answer is framed with the nonce.
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
# The kernel's log is held open, and a read at its end doesn't wait: whoever reads descriptor 9 gets what is new. Not where dd can't say so (busybox).
memhp_log=
if [ -r /dev/kmsg ] && dd iflag=nonblock count=0 </dev/kmsg; then
  exec 9</dev/kmsg
  dd iflag=nonblock count=0 <&9 && memhp_log=held
fi 2>/dev/null
err=/run/memhp.err.$$
while read -r nonce lines; do
  script=
  while [ "$lines" -gt 0 ] && IFS= read -r line; do
    script="$script$line
"
    lines=$((lines - 1))
  done
  printf 'memhp-begin %s\\n' "$nonce"
  case $script in
    memhp_*) eval "$script" </dev/null 2>"$err" ;; # ours: no need to pay for a process that keeps it apart
    *) ( eval "$script" ) </dev/null 2>"$err" ;;
  esac
  status=$?
  printf '\\nmemhp-err %s\\n' "$nonce"
  if [ -s "$err" ]; then cat "$err"; fi
  printf '\\nmemhp-end %s %d\\n' "$nonce" "$status"
done
`;
