import type { Act } from "../core/act.ts"
import type { Push } from "../core/awaited.ts"
import type { Instant, Revision, SourceName, WorkspaceName } from "../core/model.ts"
import type { Trigger } from "../core/outcome.ts"
import type { Receiver } from "../core/source.ts"
import type { SourceStatus } from "../core/status.ts"
import type { StatusBoard } from "../observe/board.ts"
import type { HistoryEntry } from "../observe/history.ts"

/** What the server needs of the daemon: to read what is, and to ask for something. No request runs a turn itself. */
export interface Daemon {
  readonly board: StatusBoard
  /** What was done and decided, newest first. */
  history(source: SourceName): readonly HistoryEntry[]
  readonly operations: Operations
  /** Asks for a turn of each; returns the turn number that a turn which started after this call exceeds. */
  trigger(sources: readonly SourceName[], trigger: Trigger): number
  /** Tells everybody who listens what a person did. */
  acted(act: Act): void
  /** What answers at `/hooks/NAME`; null = nothing does. */
  receiver(name: string): Receiver | null
  /** The sources that a delivery there is for; `repositories` are the URLs that it names. */
  hooked(name: string, repositories: readonly string[]): readonly SourceName[]
  /** What a delivery says has moved: these sources look again until their polls show it. Asks for no turn by itself. */
  pushed(sources: readonly SourceName[], pushes: readonly Push[]): void
  /** Whether the loop turns; Git or Prefect being away is no reason to say no. */
  alive(): boolean
  stopping(): boolean
  metrics(openMetrics: boolean): Promise<{ readonly contentType: string; readonly body: string }>
}

/** What a person may do to one source. @throws LockstepError; a transient one means that the workspace is away. */
export interface Operations {
  suspend(source: SourceName, request: Control, signal: AbortSignal): Promise<Operated>
  resume(source: SourceName, signal: AbortSignal): Promise<Operated>
  pin(source: SourceName, request: Control & { readonly revision: Revision }, signal: AbortSignal): Promise<Operated>
  unpin(source: SourceName, signal: AbortSignal): Promise<Operated>
  confirm(source: SourceName, digest: string, signal: AbortSignal): Promise<Operated>
  /** Lets others take what a source owned that no config has any more. */
  release(source: SourceName, by: string, signal: AbortSignal): Promise<ReleaseAnswer>
}

interface Control {
  readonly reason: string
  readonly by: string
  readonly until: Instant | null
}

/** `refused`: it contradicts the present state (another digest, superseded); a person decides anew. */
export type Operated = { readonly kind: "done"; readonly status: SourceStatus } | Refused

export interface Refused {
  readonly kind: "refused"
  readonly code: string
  readonly message: string
}

type ReleaseAnswer =
  | {
      readonly kind: "done"
      readonly workspaces: readonly WorkspaceName[]
      /** Those that couldn't be asked. */
      readonly unread: readonly WorkspaceName[]
    }
  | Refused
