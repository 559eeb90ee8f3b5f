import type { Act } from "../core/act.ts"
import type { Action } from "../core/change.ts"
import type { Instant, Revision, SourceName, WorkspaceName } from "../core/model.ts"
import type { Outcome, Trigger } from "../core/outcome.ts"

/** What happens, told once: the status board, the log and the metrics are all views of these. */
export type LockstepEvent =
  | { readonly kind: "source-added"; readonly source: SourceName; readonly workspace: WorkspaceName }
  | { readonly kind: "source-removed"; readonly source: SourceName; readonly workspace: WorkspaceName }
  | { readonly kind: "triggered"; readonly source: SourceName; readonly trigger: Trigger }
  | { readonly kind: "turn-started"; readonly source: SourceName; readonly trigger: Trigger; readonly turn: number }
  /** Whom the turn under way asks, or stands in line for; null = nobody at the moment. */
  | { readonly kind: "turn-waits"; readonly source: SourceName; readonly on: string | null }
  /** How often a source is looked at; told again whenever its settings change. */
  | { readonly kind: "paced"; readonly source: SourceName; readonly intervalMs: number }
  | { readonly kind: "turn-ended"; readonly turn: number; readonly outcome: Outcome }
  | { readonly kind: "next-turn"; readonly source: SourceName; readonly at: Instant }
  | {
      /** One write to Prefect, when it is over. */
      readonly kind: "written"
      readonly source: SourceName
      readonly action: Exclude<Action, "keep" | "skip">
      readonly key: string
      readonly revision: Revision
      /** As Prefect names them. */
      readonly fields: readonly string[]
      /** The fields that somebody had changed in Prefect, as far as that is known. */
      readonly corrected: readonly string[]
      readonly reason: string
      readonly result: "ok" | "failed"
      /** Why it failed, masked and cut. */
      readonly message: string | null
    }
  | { readonly kind: "acted"; readonly act: Act }
  | { readonly kind: "git-request"; readonly operation: string; readonly result: "ok" | "error" }
  /** One look for an image, with its login where there is one. */
  | { readonly kind: "registry-request"; readonly result: "there" | "missing" | "unknown" }
  | {
      readonly kind: "prefect-request"
      readonly workspace: WorkspaceName
      readonly method: string
      /** The route's template, ids left out: `/deployments/{id}`. */
      readonly route: string
      /** HTTP status, or "error" when there was no answer. */
      readonly status: string
      readonly durationMs: number
    }
  | {
      readonly kind: "config-loaded"
      readonly result: "ok" | "invalid" | "unchanged"
      readonly problems: readonly string[]
    }
  | { readonly kind: "listening"; readonly address: string }
  | { readonly kind: "stopping"; readonly reason: string }

export type Listener = (event: LockstepEvent) => void

/** A listener that throws must not stop the loop or the other listeners; what it threw goes to `onError`. */
export class Events {
  readonly #listeners = new Set<Listener>()
  readonly #onError: (error: unknown) => void
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  emit(event: LockstepEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}
