interface Poll<T> {
  readonly startedAt: number
  readonly answer: Promise<T>
  underWay: boolean
  /** Begins when this one is over, for those who came too late for it. */
  next: Promise<T> | null
}

const slotsMax = 10_000

/** Shares polls: for one slot at most one is under way and one more waits, however many ask. */
export class Polls<T> {
  readonly #now: () => number
  readonly #slots = new Map<string, Poll<T>>()

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * The answer of a poll that was started at most `maxAgeMs` ago. One that started earlier may have been answered before
   * what the caller wants to see happened, so it doesn't count even while it is under way. A failure is never kept.
   */
  ask(slot: string, maxAgeMs: number, poll: () => Promise<T>): Promise<T> {
    const known = this.#slots.get(slot)
    if (!known) return this.#start(slot, poll)
    const age = this.#now() - known.startedAt
    // A clock that was set back proves nothing about age.
    if (age >= 0 && age <= maxAgeMs) return known.answer
    if (!known.underWay) return this.#start(slot, poll)
    const start = (): Promise<T> => this.#start(slot, poll)
    known.next ??= known.answer.then(start, start)
    return known.next
  }

  #start(slot: string, poll: () => Promise<T>): Promise<T> {
    const started: Poll<T> = { startedAt: this.#now(), answer: poll(), underWay: true, next: null }
    if (!this.#slots.has(slot) && this.#slots.size >= slotsMax) this.#slots.clear()
    this.#slots.set(slot, started)
    const forget = (): void => {
      if (this.#slots.get(slot) === started && started.next === null) this.#slots.delete(slot)
    }
    void started.answer.catch(forget).finally(() => {
      started.underWay = false
    })
    return started.answer
  }
}
