#!/bin/sh
# Shortens a tour of 25 towns by swapping two of them again and again (simulated annealing). At a desk: rate=0.3 sh train.sh
rate=${NEXUS_rate:-${rate:-0.1}}
cooling=${NEXUS_cooling:-${cooling:-0.9}}
rounds=${NEXUS_rounds:-10}

awk -v rate="$rate" -v cooling="$cooling" -v rounds="$rounds" -v seed="${NEXUS_SEED:-1}" '
function length_of(  i, sum) {
  for (i = 0; i < n; i++) sum += sqrt((x[tour[i]] - x[tour[(i + 1) % n]]) ^ 2 + (y[tour[i]] - y[tour[(i + 1) % n]]) ^ 2)
  return sum
}
BEGIN {
  n = 25
  srand(7) # the same towns in every run
  for (i = 0; i < n; i++) { x[i] = rand(); y[i] = rand(); tour[i] = i }
  srand(seed)
  now = length_of()
  for (round = 1; round <= rounds; round++) {
    for (try = 0; try < 300; try++) {
      a = int(rand() * n); b = int(rand() * n)
      kept = tour[a]; tour[a] = tour[b]; tour[b] = kept
      new = length_of()
      if (new < now || rand() < exp((now - new) / rate)) now = new
      else { kept = tour[a]; tour[a] = tour[b]; tour[b] = kept }
    }
    rate *= cooling
    printf "{\"iters\": %d, \"length\": %.6f}\n", round, now
    fflush()
  }
}'
