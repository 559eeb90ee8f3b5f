import type { Clock } from "../../src/lib/clock.ts"

/** Time that moves only when it is told to, and then wakes who sleeps. */
export class ManualClock implements Clock {
  #now = Date.parse("2026-11-24T12:00:00Z")
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  now(): number {
    return this.#now
  }
  elapsed(): number {
    return this.#now
  }
  random(): number {
    return 0.5
  }
  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + ms, wake: resolve }
      this.#sleepers.add(sleeper)
      signal.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper)
        reject(signal.reason as Error)
      })
      this.step(0)
    })
  }
  step(ms: number): void {
    this.#now += ms
    for (const sleeper of this.#sleepers)
      if (sleeper.at <= this.#now) {
        this.#sleepers.delete(sleeper)
        sleeper.wake()
      }
  }
}
