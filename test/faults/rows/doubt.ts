import type { Fault } from "../fault.ts"

/** Something can't be known, or is less than it seems. */
export const doubt: readonly Fault[] = [
  {
    fault: "the wall clock is set by two hours, back or forward, while the daemon runs",
    seen: "nothing: ages, deadlines and paces don't follow it",
    kept: "what is live; a grace counts by the server's own clock",
    healed: "not needed; an edit is seen by the next look as ever",
    test: "contract/clock.test.ts: by two hours, an edit is seen by the next look, and by who waits for one",
  },
]
