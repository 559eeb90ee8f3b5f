/**
 * Transient heals by itself and is retried with backoff; stalled needs a person, a new commit or a changed config.
 * Only the boundary that knows decides which of the two a failure is; nobody matches on message texts.
 */
export type FailureKind = "transient" | "stalled"

/** Base of the errors that cross a room's wall; `code` is a stable word, `message` says what failed and what to do. */
export class LockstepError extends Error {
  override readonly name: string = "LockstepError"
  readonly kind: FailureKind
  readonly code: string
  /** How long the other side asked us to wait, if it did (Retry-After). */
  readonly retryAfterMs: number | null
  constructor(
    message: string,
    options: { kind: FailureKind; code: string; cause?: unknown; retryAfterMs?: number | null },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = options.kind
    this.code = options.code
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

export class GitError extends LockstepError {
  override readonly name = "GitError"
}

export class ConfigError extends LockstepError {
  override readonly name = "ConfigError"
}

/** `status` is the HTTP status, null when there was no answer; `detail` the server's own words, cut and masked. */
export class PrefectError extends LockstepError {
  override readonly name = "PrefectError"
  readonly status: number | null
  readonly detail: string | null
  constructor(
    message: string,
    options: {
      kind: FailureKind
      code: string
      status: number | null
      detail?: string | null
      cause?: unknown
      retryAfterMs?: number | null
    },
  ) {
    super(message, options)
    this.status = options.status
    this.detail = options.detail ?? null
  }
}

/** What a `catch` got, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
