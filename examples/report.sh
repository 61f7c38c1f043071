#!/bin/sh
# A report in sections, for `tenure run`, which lets it run on one replica at a time:
#
#   tenure run nightly-report -- ./report.sh report.txt [SECTIONS] [PAUSE]
#
# Who died at section 3 is followed by somebody who begins with section 3. Each line begins with the token of its writer,
# and the report takes none with a smaller token than the last line has: whoever thinks that it still leads is refused.
set -eu
report=${1:-report.txt}
sections=${2:-5}
pause=${3:-1}
: "${TENURE_TOKEN:?is not set: run this by "tenure run KEY -- $0"}"

# Comparing and writing is one step: nobody else writes while we hold this lock.
exec 9>>"$report"
section=0
while [ "$section" -lt "$sections" ]; do
  flock 9
  last=$(tail -n 1 "$report")
  fence=${last%% *}
  if [ "${fence:-0}" -gt "$TENURE_TOKEN" ]; then
    echo "refused: $report was written with token $fence, ours is $TENURE_TOKEN" >&2
    exit 65
  fi
  section=$(($(wc -l <"$report") + 1))
  [ "$section" -gt "$sections" ] || echo "$TENURE_TOKEN section $section, by $TENURE_CANDIDATE" >&9
  flock -u 9
  sleep "$pause"
done
