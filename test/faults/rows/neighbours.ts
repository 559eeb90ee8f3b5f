import type { Fault } from "../fault.ts"

/** One tenant's trouble, and hostile input. */
export const neighbours: readonly Fault[] = [
  {
    fault: "A Git host hangs, drips or resets while sources elsewhere have commits to apply.",
    seen: "The status of its sources, `/livez` and `/readyz` name the host and since when; `lockstep_turn_wait_seconds` grows, then the failure says why. Longer than three intervals: `overdue`.",
    kept: "Everything of its sources. The others go on undisturbed.",
    healed: "By itself, at the next poll (5 s to 10 min).",
    test: "contract/neighbours.test.ts: 12 sources whose Git host hangs cost the healthy one nothing",
  },
  {
    fault:
      "A Prefect server hangs, or answers 503 or 429 with a Retry-After, while sources of other workspaces have commits to apply.",
    seen: "As with a Git host; the failure has the server's own words.",
    kept: "Everything of its sources. It isn't asked before its Retry-After is over, whoever wants to.",
    healed: "By itself, when its Retry-After or the source's backoff is over.",
    test: "contract/neighbours.test.ts: 12 sources whose Prefect server wants to be left alone cost the healthy one nothing",
  },
  {
    fault: "Fifty sources wait for one Git host at once.",
    seen: "Eight ask it, the others stand in line, and the status says so.",
    kept: "The places of every other host; the line isn't counted as a turn's own time.",
    healed: "As fast as the host answers.",
    test: "contract/bulkheads.test.ts: fifty that hang at one host take eight of its places, and nobody else's",
  },
  {
    fault:
      "A server wants to be left alone for ten minutes (Retry-After), and somebody edits a deployment every five seconds, or sends webhooks.",
    seen: "The source is degraded, with the server's words; `nextTurnAt` is when the wait is over.",
    kept: "The wait: drift, webhooks and siblings ask, and don't override it.",
    healed: "With one turn, when the wait is over.",
    test: "contract/rests.test.ts: whatever hints at a source, a server's Retry-After is over before it is asked again",
  },
  {
    fault: "The source's host or workspace is away when the daemon starts.",
    seen: "`/readyz` lists what it waits for, and is 200 after a minute.",
    kept: "Nothing is concluded; the source stays unknown.",
    healed: "At its first turn that gets through.",
    test: "observe/board.test.ts: a source whose host is away keeps the daemon from being ready for a minute, and one at work longer",
  },
  {
    fault:
      "A file in Git takes all the memory or time that there is to read it (a manifest of 199,000 items at 40 paths, a text that grows by replacing).",
    seen: "A problem at that file; the source is degraded. Where no file is known: the source is stalled, `render-died`.",
    kept: "Everything that the file may declare: nothing is retired. The other files of the source and all other sources go on; the thread is started again.",
    healed:
      "With the next commit that mends the file. It isn't tried again before; its source is read apart from the others for an hour.",
    test: "render/thread.test.ts: a file that takes all memory is a problem at that file; the other files of the source go on",
  },
  {
    fault: "The files that a source's manifests name are more than 64 MiB together.",
    seen: "A problem at each file beyond.",
    kept: "What those files may declare.",
    healed: "With narrower globs, or `exclude`.",
    test: "render/thread.test.ts: files of more than 64 MiB together are a problem of those that came last",
  },
]
