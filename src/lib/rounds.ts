import { setImmediate } from "node:timers"

/**
 * Gives each who asks a round of the event loop of its own, in the order of asking. Many that waited for one answer would
 * else all go on in one go, and nothing else could run meanwhile.
 */
export class Rounds {
  readonly #waiting: (() => void)[] = []

  next(): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push(go)
      if (this.#waiting.length === 1) setImmediate(() => this.#turn())
    })
  }

  #turn(): void {
    this.#waiting[0]?.()
    this.#waiting.shift()
    if (this.#waiting.length > 0) setImmediate(() => this.#turn())
  }
}
