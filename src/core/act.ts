import type { DeploymentKey, Instant, Revision, SourceName } from "./model.ts"

/** What a person asked of sources, by the API or the command line, and what came of it. */
export interface Act {
  /** `sync`, `suspend`, `resume`, `pin`, `unpin`, `confirm`, … */
  readonly act: string
  readonly sources: readonly SourceName[]
  /** The name of the token that let them in, and who they say they are where that is another. */
  readonly by: string
  readonly at: Instant
  readonly reason: string | null
  readonly until: Instant | null
  readonly revision: Revision | null
  /** Of the hold that was confirmed, with why it held and what. */
  readonly digest: string | null
  readonly holds: readonly string[]
  readonly victims: readonly DeploymentKey[]
  readonly result: "done" | "refused" | "failed"
  /** Why it wasn't done. */
  readonly code: string | null
}
