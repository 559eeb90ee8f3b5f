/** Time and chance as a value, so that waits, backoff and jitter are tested by stepping instead of sleeping. */
export interface Clock {
  /** Milliseconds since the epoch, for what is shown or compared with another machine's dates: it may be set at any time. */
  now(): number
  /** Milliseconds since some moment, for ages and deadlines: it never goes back, and nobody can set it. */
  elapsed(): number
  /** Resolves after `ms`, rejects with the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const abort = () => {
        clearTimeout(timer)
        reject(signal.reason as Error)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", abort)
        resolve()
      }, ms)
      signal.addEventListener("abort", abort, { once: true })
    }),
}

/** When something was read, by both clocks. */
export interface Reading {
  readonly wall: number
  readonly elapsed: number
}

export function readingOf(clock: Clock): Reading {
  return { wall: clock.now(), elapsed: clock.elapsed() }
}

/**
 * How old a reading is by the clock that says more: the one stands still while the machine sleeps, the other jumps when
 * it is set. Whoever asks would rather read once too often.
 */
export function ageMs(clock: Clock, { wall, elapsed }: Reading): number {
  return Math.max(clock.elapsed() - elapsed, Math.abs(clock.now() - wall))
}

/** An instant in ISO 8601, UTC, millisecond precision. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
